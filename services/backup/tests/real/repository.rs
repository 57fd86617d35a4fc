//! Where backups go: a folder or an object storage.

use std::fs;
use std::sync::Arc;

use tempfile::TempDir;

use crate::programs::Programs;

/// Where backups go, with the settings of our program.
#[derive(Clone, Debug)]
pub(crate) struct Repository {
    /// The folder, and those of secrets.
    pub(crate) home: Arc<TempDir>,
    variables: Vec<(String, String)>,
}

impl Repository {
    /// A place for secrets, without any setting.
    fn nowhere(programs: &Programs) -> Self {
        let home = tempfile::tempdir().expect("a folder");
        programs.own(home.path());
        Self { home: Arc::new(home), variables: Vec::new() }
    }

    /// An empty folder.
    pub(crate) fn folder(programs: &Programs) -> Self {
        let mut repository = Self::nowhere(programs);
        let folder = repository.home.path().join("backup");
        fs::create_dir(&folder).expect("a folder");
        programs.own(&folder);
        repository.set("BACKUP_FOLDER", &folder.display().to_string());
        repository
    }

    /// A path in a bucket.
    pub(crate) fn s3(programs: &Programs, endpoint: &str, bucket: &str, (key, secret): (&str, &str), authority: &str) -> Self {
        let mut repository = Self::nowhere(programs);
        let credentials = repository.secret(programs, "accessKeyId", key);
        repository.secret(programs, "secretAccessKey", secret);
        let authority = repository.secret(programs, "ca.crt", authority);
        let folder = std::path::Path::new(&credentials).parent().expect("a folder").display().to_string();
        repository.set("BACKUP_S3_CREDENTIALS", &folder);
        repository.set("BACKUP_S3_CA_FILE", &authority);
        repository.set("BACKUP_S3_ENDPOINT", endpoint);
        repository.set("BACKUP_S3_BUCKET", bucket);
        repository.set("BACKUP_S3_PATH", "trattoria/trattoria");
        repository
    }

    /// The same place, with another setting.
    pub(crate) fn with(&self, name: &str, value: &str) -> Self {
        let mut repository = self.clone();
        repository.set(name, value);
        repository
    }

    /// The same place, encrypted by this key.
    pub(crate) fn encrypted(&self, programs: &Programs, key: &str) -> Self {
        let file = self.secret(programs, &format!("key-{}", key.len()), key);
        self.with("BACKUP_ENCRYPTION_KEY_FILE", &file)
    }

    /// A file that the program may read.
    pub(crate) fn secret(&self, programs: &Programs, name: &str, text: &str) -> String {
        let file = self.home.path().join(name);
        fs::write(&file, text).expect("a file");
        programs.own(&file);
        file.display().to_string()
    }

    /// A folder of keys that the program may read, as the kubelet mounts Secrets: `jwt/private.pem` with this text.
    pub(crate) fn keys(&self, programs: &Programs, text: &str) -> String {
        let folder = self.home.path().join("keys");
        let file = folder.join("..data/jwt/private.pem");
        fs::create_dir_all(file.parent().expect("a folder")).expect("a folder");
        if !folder.join("jwt").is_symlink() {
            std::os::unix::fs::symlink("..data/jwt", folder.join("jwt")).expect("a link");
        }
        fs::write(&file, text).expect("a file");
        for path in [&folder, &folder.join("..data"), &folder.join("..data/jwt"), &file] {
            programs.own(path);
        }
        folder.display().to_string()
    }

    fn set(&mut self, name: &str, value: &str) {
        self.variables.retain(|(known, _)| known != name);
        self.variables.push((name.to_owned(), value.to_owned()));
    }

    /// The settings.
    pub(crate) fn variables(&self) -> Vec<(String, String)> {
        self.variables.clone()
    }
}
