//! The CustomResourceDefinitions of others that the platform can make use of: CloudNativePG and its Barman Cloud plugin, Strimzi,
//! prometheus-operator and Gateway API, as they publish them.

use std::fs;
use std::path::Path;
use std::time::Duration;

use k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::CustomResourceDefinition;
use kube::api::{Api, Patch, PatchParams};
use kube::runtime::wait::{await_condition, conditions};
use kube::{Client, ResourceExt as _};

use crate::Error;

/// How long one may take to be served.
const LIMIT: Duration = Duration::from_secs(60);

/// Installs all CustomResourceDefinitions in the folder `crds` and waits until they are served. It may be called again. A
/// client's discovery may lag behind by a moment.
///
/// # Errors
/// When a file is no CustomResourceDefinition, when the API server refuses it, or when it is not served in time.
pub async fn install_crds(client: &Client) -> Result<(), Error> {
    let api: Api<CustomResourceDefinition> = Api::all(client.clone());
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("crds");
    let mut installed = Vec::new();
    for entry in fs::read_dir(&folder).map_err(Error::system("read the folder", &folder))?.flatten() {
        let path = entry.path();
        let file = entry.file_name().to_string_lossy().into_owned();
        let text = fs::read_to_string(&path).map_err(Error::system("read", &path))?;
        let crd: CustomResourceDefinition =
            serde_yaml::from_str(&text).map_err(|error| Error::Crd { name: file, reason: error.to_string() })?;
        let name = crd.name_any();
        let params = PatchParams::apply("control-plane").force();
        api.patch(&name, &params, &Patch::Apply(&crd)).await.map_err(Error::api(format!("install {name}")))?;
        installed.push(name);
    }
    for name in installed {
        let reason = match tokio::time::timeout(LIMIT, await_condition(api.clone(), &name, conditions::is_crd_established())).await {
            Ok(Ok(_)) => continue,
            Ok(Err(error)) => error.to_string(),
            Err(_) => format!("{} seconds have passed", LIMIT.as_secs()),
        };
        return Err(Error::Crd { name, reason });
    }
    Ok(())
}
