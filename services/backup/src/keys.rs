//! The keys that come with an encrypted backup. Each backup holds those of its time, as an annotation, so that pgBackRest keeps, encrypts and
//! removes them with it.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use clap::Args;
use tokio::time::Instant;

use crate::report::{Failure, Reason};
use crate::run::in_turn;
use crate::sealed::{Keys, seal};
use crate::settings::file;
use crate::tool::Tool;

/// The name of the annotation.
pub(crate) const ANNOTATION: &str = "keys";

/// Which keys come with a backup.
#[derive(Args, Clone, Debug, Default)]
pub(crate) struct KeysArgs {
    /// Folder of the keys that come with the backup, sealed by the key of the encryption: folders with files, such as jwt/private.pem
    #[arg(long, env = "BACKUP_KEYS", value_name = "DIR")]
    backup_keys: Option<PathBuf>,
}

impl KeysArgs {
    pub(crate) fn folder(&self) -> Option<&Path> {
        file(&self.backup_keys).map(PathBuf::as_path)
    }
}

/// Keeps the keys of a folder in a backup that was made.
///
/// # Errors
/// The folder cannot be read, or its keys are too long; backups are not encrypted; or the storage refuses.
pub(crate) async fn keep(tool: &Tool, folder: &Path, backup: &str, until: Instant) -> Result<(), Failure> {
    let kept = async {
        let sealed = sealed(tool, folder)?;
        // After the backup, at whose beginning pgBackRest would write the annotation into its log.
        in_turn(tool, &["annotate", &format!("--set={backup}"), &format!("--annotation={ANNOTATION}={sealed}")], &[], until).await
    };
    kept.await.map_err(|failure| Failure {
        message: format!("the backup {backup} is made, and lacks the keys, without which all users must log in again: {}", failure.message),
        ..failure
    })
}

fn sealed(tool: &Tool, folder: &Path) -> Result<String, Failure> {
    let settings = |message: String| Failure::new(Reason::Settings, message);
    let Some(key) = &tool.repository.key else {
        return Err(settings(
            "BACKUP_KEYS is given, and BACKUP_ENCRYPTION_KEY_FILE is not; only an encrypted backup holds keys".to_owned(),
        ));
    };
    let keys = read(folder).map_err(|error| settings(format!("BACKUP_KEYS: {} cannot be read: {error}", folder.display())))?;
    seal(key, &keys).map_err(|error| settings(format!("BACKUP_KEYS: {error}")))
}

/// The files of the folders in a folder. What begins with a dot is the kubelet's own.
fn read(folder: &Path) -> io::Result<Keys> {
    let entries = |folder: &Path| -> io::Result<Vec<(String, PathBuf)>> {
        let entries = fs::read_dir(folder)?.collect::<io::Result<Vec<_>>>()?.into_iter();
        let named = entries.map(|entry| (entry.file_name().to_string_lossy().into_owned(), entry.path()));
        Ok(named.filter(|(name, _)| !name.starts_with('.')).collect())
    };
    let mut keys = Keys::new();
    for (group, folder) in entries(folder)? {
        let texts = entries(&folder)?.into_iter().map(|(name, file)| Ok((name, fs::read_to_string(file)?)));
        keys.insert(group, texts.collect::<io::Result<_>>()?);
    }
    Ok(keys)
}
