//! A real Kubernetes control plane for tests: etcd, kube-apiserver, kube-controller-manager and kube-scheduler as they run
//! anywhere, with a node and volumes that are simulated. No container runs.
//!
//! Pods that are scheduled become ready at once, those of Jobs succeed at once. A Pod with `broken` in the image of one of its
//! containers never becomes ready, and fails where it is a Job's.
//!
//! What waits on purpose in Kubernetes waits here too: a namespace takes some ten seconds to go, and the garbage collector up to
//! half a minute to learn of the kinds of a new CustomResourceDefinition.

mod audit;
mod binaries;
mod components;
mod control_plane;
mod crds;
mod error;
mod kubeconfig;
mod modules;
mod pki;
mod ports;
mod server;
mod volumes;

pub use audit::{Audit, Mark, Request};
pub use binaries::helm;
pub use control_plane::ControlPlane;
pub use crds::install_crds;
pub use error::Error;
pub use volumes::{FIXED, STANDARD};
