//! The certificates and keys: an authority, whom everyone trusts, and what it signs.

use std::fmt;
use std::fs::{self, OpenOptions};
use std::io::Write as _;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use rcgen::{
    BasicConstraints, CertificateParams, DistinguishedName, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair, KeyUsagePurpose,
};

use crate::Error;

/// The names and addresses that the API server is known by; the last one is the Service `kubernetes`.
const API_SERVER_NAMES: [&str; 7] = [
    "localhost",
    "kubernetes",
    "kubernetes.default",
    "kubernetes.default.svc",
    "kubernetes.default.svc.cluster.local",
    "127.0.0.1",
    "10.96.0.1",
];

/// A certificate with its key, in PEM.
#[derive(Clone)]
pub(crate) struct Identity {
    pub(crate) certificate: String,
    pub(crate) key: String,
}

// Without the key.
impl fmt::Debug for Identity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Identity").field("certificate", &self.certificate).finish_non_exhaustive()
    }
}

/// The authority, and the folder that holds what servers read as files.
pub(crate) struct Pki {
    folder: PathBuf,
    issuer: Issuer<'static, KeyPair>,
    authority_pem: String,
    authority_der: Vec<u8>,
}

impl Pki {
    /// Makes the authority, the API server's certificate and the key that signs ServiceAccounts' tokens.
    pub(crate) fn create(folder: &Path) -> Result<Self, Error> {
        let mut params = CertificateParams::default();
        params.distinguished_name = distinguished_name(None, "control-plane");
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign, KeyUsagePurpose::DigitalSignature];
        let key = KeyPair::generate()?;
        let authority = params.self_signed(&key)?;
        fs::create_dir_all(folder).map_err(Error::system("make the folder", folder))?;
        let key_pem = key.serialize_pem();
        let pki = Self {
            folder: folder.to_owned(),
            authority_pem: authority.pem(),
            authority_der: authority.der().to_vec(),
            issuer: Issuer::new(params, key),
        };
        pki.write("ca.crt", &pki.authority_pem)?;
        pki.write("ca.key", &key_pem)?;
        let api_server = pki.sign("kube-apiserver", None, &API_SERVER_NAMES)?;
        pki.write("apiserver.crt", &api_server.certificate)?;
        pki.write("apiserver.key", &api_server.key)?;
        let tokens = KeyPair::generate()?;
        pki.write("service-accounts.key", &tokens.serialize_pem())?;
        pki.write("service-accounts.pub", &tokens.public_key_pem())?;
        Ok(pki)
    }

    /// A certificate for a client: its user and its group.
    pub(crate) fn client(&self, user: &str, group: Option<&str>) -> Result<Identity, Error> {
        self.sign(user, group, &[])
    }

    fn sign(&self, name: &str, group: Option<&str>, server_names: &[&str]) -> Result<Identity, Error> {
        let names: Vec<String> = server_names.iter().map(|&name| name.to_owned()).collect();
        let usage = if names.is_empty() { ExtendedKeyUsagePurpose::ClientAuth } else { ExtendedKeyUsagePurpose::ServerAuth };
        let mut params = CertificateParams::new(names)?;
        params.distinguished_name = distinguished_name(group, name);
        params.use_authority_key_identifier_extension = true;
        params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        params.extended_key_usages = vec![usage];
        let key = KeyPair::generate()?;
        let certificate = params.signed_by(&key, &self.issuer)?.pem();
        Ok(Identity { certificate, key: key.serialize_pem() })
    }

    /// The authority's certificate in PEM.
    pub(crate) fn authority_pem(&self) -> &str {
        &self.authority_pem
    }

    /// The authority's certificate in DER.
    pub(crate) fn authority_der(&self) -> &[u8] {
        &self.authority_der
    }

    /// Where a file is: `ca.crt`, `ca.key`, `apiserver.crt`, `apiserver.key`, `service-accounts.key`,
    /// `service-accounts.pub`.
    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.join(name)
    }

    fn write(&self, name: &str, text: &str) -> Result<(), Error> {
        write_private(&self.path(name), text)
    }
}

/// Writes a new file that only its owner can read.
pub(crate) fn write_private(path: &Path, text: &str) -> Result<(), Error> {
    let file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(path);
    file.and_then(|mut file| file.write_all(text.as_bytes())).map_err(Error::system("write", path))
}

fn distinguished_name(organization: Option<&str>, common: &str) -> DistinguishedName {
    let mut name = DistinguishedName::new();
    if let Some(organization) = organization {
        name.push(DnType::OrganizationName, organization);
    }
    name.push(DnType::CommonName, common);
    name
}
