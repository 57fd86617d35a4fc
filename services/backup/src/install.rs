//! The programs, put where another container finds them.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use crate::report::{Failure, Reason};

/// Copies the folder that this program is in, with its libraries, into another one. What is there is replaced, a file at a time.
///
/// # Errors
/// Where a file cannot be read or written.
pub(crate) fn install(target: &Path) -> Result<(), Failure> {
    let failed =
        |error: io::Error| Failure::new(Reason::Settings, format!("the programs cannot be copied into {}: {error}", target.display()));
    let source = source().map_err(failed)?;
    copy(&source, target).map_err(failed)?;
    println!("{} is in {}", source.display(), target.display());
    Ok(())
}

/// The folder above that of this program.
fn source() -> io::Result<PathBuf> {
    let own = std::env::current_exe()?;
    let folder = own.parent().filter(|folder| folder.ends_with("bin")).and_then(Path::parent);
    folder
        .map(Path::to_owned)
        .ok_or_else(|| io::Error::other(format!("{} is in no folder `bin` with its libraries beside it", own.display())))
}

fn copy(source: &Path, target: &Path) -> io::Result<()> {
    fs::create_dir_all(target)?;
    for entry in fs::read_dir(source)? {
        let entry = entry?;
        let to = target.join(entry.file_name());
        if fs::metadata(entry.path())?.is_dir() {
            copy(&entry.path(), &to)?;
        } else {
            // Under another name until it is whole: a program that runs is not written to.
            let partial = target.join(format!(".{}.new", entry.file_name().to_string_lossy()));
            fs::copy(entry.path(), &partial)?;
            fs::rename(&partial, &to)?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_is_copied_with_its_rights_and_again() {
        let (source, target) = (tempfile::tempdir().expect("a folder"), tempfile::tempdir().expect("a folder"));
        fs::create_dir(source.path().join("bin")).expect("a folder");
        fs::copy("/bin/true", source.path().join("bin/true")).expect("a program");
        for _ in 0..2 {
            copy(source.path(), target.path()).expect("a copy");
        }
        assert!(std::process::Command::new(target.path().join("bin/true")).status().expect("a program").success());
        assert_eq!(fs::read_dir(target.path().join("bin")).expect("a folder").count(), 1);
    }
}
