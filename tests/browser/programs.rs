//! What a browser in the tests takes: Chromium, its driver, and axe-core, which finds what people with disabilities cannot use.

use std::fs;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use sha2::{Digest as _, Sha512};

/// The version of axe-core, and the hash of its archive as the registry states it.
const AXE: (&str, &str) = (
    "4.14.1",
    "1477dafa598d8d065f273d6af302aa203c02e83131707b7fa648cd41bd3d6b734f8c22a0dab86ee6a6f64b8afbe804b214d36db85a2826965edfb3a0b9d546b5",
);

/// The programs, where all of them are there.
#[derive(Clone, Debug)]
pub(crate) struct Programs {
    pub(crate) browser: PathBuf,
    driver: PathBuf,
    /// The source of axe-core.
    pub(crate) axe: String,
}

impl Programs {
    /// Finds them.
    ///
    /// # Errors
    /// What is missing, and how to get it.
    pub(crate) fn find() -> Result<Self, String> {
        let install = "`apt-get install chromium chromium-driver` installs both";
        let missing = |name: &str| format!("there is no {name} in PATH; {install}");
        Ok(Self {
            browser: in_path(&["chromium", "chromium-browser", "google-chrome"]).ok_or_else(|| missing("chromium"))?,
            driver: in_path(&["chromedriver"]).ok_or_else(|| missing("chromedriver"))?,
            axe: axe()?,
        })
    }

    /// Starts the driver.
    pub(crate) fn drive(&self) -> Driver {
        let mut child =
            Command::new(&self.driver).arg("--port=0").stdout(Stdio::piped()).stderr(Stdio::null()).spawn().expect("the driver");
        let mut lines = BufReader::new(child.stdout.take().expect("its output")).lines();
        let port =
            lines.find_map(|line| line.ok()?.split("started successfully on port ").nth(1)?.trim_end_matches('.').parse::<u16>().ok());
        // It would end where nobody reads what it says.
        std::thread::spawn(move || lines.for_each(drop));
        Driver { url: format!("http://127.0.0.1:{}", port.expect("a driver that listens")), child }
    }
}

/// A running driver. It ends when it is dropped.
pub(crate) struct Driver {
    pub(crate) url: String,
    child: Child,
}

impl Drop for Driver {
    fn drop(&mut self) {
        // A browser whose test failed is open still; the driver closes it where it is asked to end.
        let address = self.url.trim_start_matches("http://");
        if let Ok(mut stream) = TcpStream::connect(address) {
            let _ = stream.write_all(format!("GET /shutdown HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n").as_bytes());
            let _ = stream.set_read_timeout(Some(Duration::from_secs(10)));
            let _ = stream.read_to_end(&mut Vec::new());
        }
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn in_path(names: &[&str]) -> Option<PathBuf> {
    let path = std::env::var_os("PATH")?;
    let folders: Vec<_> = std::env::split_paths(&path).collect();
    names.iter().find_map(|name| folders.iter().map(|folder| folder.join(name)).find(|program| program.is_file()))
}

/// The source of axe-core: from the cache, or by npm, once.
fn axe() -> Result<String, String> {
    let (version, hash) = AXE;
    let set = |name| std::env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
    let cache = set("XDG_CACHE_HOME").or_else(|| Some(set("HOME")?.join(".cache"))).ok_or("neither XDG_CACHE_HOME nor HOME is set")?;
    let folder = cache.join("restaurant-booking/axe-core");
    let file = folder.join(format!("axe-{version}.min.js"));
    if let Ok(source) = fs::read_to_string(&file) {
        return Ok(source);
    }
    fs::create_dir_all(&folder).map_err(|error| format!("{} cannot be made: {error}", folder.display()))?;
    let partial = tempfile::tempdir_in(&folder).map_err(|error| format!("{} cannot be written: {error}", folder.display()))?;
    let archive = partial.path().join(format!("axe-core-{version}.tgz"));
    let package = format!("axe-core@{version}");
    // From whatever registry npm is set to.
    run(Command::new("npm").args(["pack", "--silent", &package]).current_dir(partial.path()))?;
    let bytes = fs::read(&archive).map_err(|error| error.to_string())?;
    let found: String = Sha512::digest(&bytes).iter().map(|byte| format!("{byte:02x}")).collect();
    if found != hash {
        return Err(format!("{package} is not what it was: its SHA-512 is {found}"));
    }
    run(Command::new("tar").arg("-xzf").arg(&archive).arg("-C").arg(partial.path()).arg("package/axe.min.js"))?;
    let unpacked: &Path = &partial.path().join("package/axe.min.js");
    fs::rename(unpacked, &file).map_err(|error| error.to_string())?;
    fs::read_to_string(&file).map_err(|error| error.to_string())
}

fn run(command: &mut Command) -> Result<(), String> {
    let output = command.output().map_err(|error| format!("{command:?} cannot be run: {error}"))?;
    if output.status.success() { Ok(()) } else { Err(format!("{command:?}: {}", String::from_utf8_lossy(&output.stderr).trim())) }
}
