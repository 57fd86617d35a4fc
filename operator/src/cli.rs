//! The command line: `run`, `crd`, `plan`, `check`, `release`.

use std::io::Read as _;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;

use chassis::Shutdown;
use chassis::run::config::{LogArgs, Problems};
use chassis::run::{listen, shutdown};
use clap::{Args, Parser, Subcommand};
use kube::Client;
use tracing::{error, info};

use crate::api;
use crate::check;
use crate::connection;
use crate::controller::{self, Settings};
use crate::metrics::Metrics;
use crate::plan::plan;
use crate::reconcile::failure::chain;
use crate::reconcile::validate::Defaults;
use crate::release;
use crate::server;
use crate::watches::Health;

/// The port where no other is given.
const PORT: u16 = 8080;

/// Turns RestaurantBooking resources into running platforms, and keeps them so.
#[derive(Debug, Parser)]
#[command(name = "operator", version, about, disable_help_subcommand = true)]
pub struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Runs in a cluster: watches RestaurantBooking resources and reconciles them.
    ///
    /// One of several replicas works: the one that holds the Lease in OPERATOR_NAMESPACE, whose name depends on the watched namespaces.
    /// Another replica takes over when it stops. The operator finds the cluster by KUBECONFIG, ~/.kube/config or its own ServiceAccount.
    /// It serves /healthz, /readyz and /metrics at LISTEN_ADDRESS.
    Run(Box<RunArgs>),
    /// Prints the CustomResourceDefinition, as `kubectl apply -f -` takes it.
    Crd,
    /// Prints the objects that a resource would become, without a cluster.
    ///
    /// Use it to review a resource before it is applied, or to compare two versions of it: the same resource gives the same output. The
    /// plan assumes that every Secret that the resource names exists, and that every product is installed. Generated values are shown as
    /// <generated>.
    Plan(PlanArgs),
    /// Checks an installation: the operator reports that it is ready, and the API server would accept a resource.
    ///
    /// The resource is sent as a dry run: nothing is created.
    Check(CheckArgs),
    /// Removes the finalizers from the resources, so that they can be deleted without the operator. Their data is then kept.
    ///
    /// Use it before the operator is uninstalled; the chart does so by itself. A running operator adds the finalizers again.
    Release(ReleaseArgs),
}

#[derive(Args, Debug)]
struct DefaultsArgs {
    /// Registry and path of the services' images, if the resource names none
    #[arg(long, env = "IMAGE_REGISTRY", value_name = "REGISTRY", default_value_t = Defaults::default().image_registry)]
    image_registry: String,
    /// Tag of the services' images, if the resource names none
    #[arg(long, env = "IMAGE_TAG", value_name = "TAG", default_value_t = Defaults::default().image_tag)]
    image_tag: String,
    /// Namespace of the operator: its Lease is there, and brokers accept connections from it
    #[arg(long, env = "OPERATOR_NAMESPACE", value_name = "NAMESPACE", default_value_t = Defaults::default().operator_namespace)]
    operator_namespace: String,
    /// Registries, or paths in them, that all images must come from, separated by commas; Docker Hub's own are docker.io/library [default: all]
    #[arg(long, env = "ALLOWED_REGISTRIES", value_name = "REGISTRY,...")]
    allowed_registries: Option<String>,
    /// Namespaces of the cluster's DNS, which Pods may reach on its ports, separated by commas; empty: every address
    #[arg(long, env = "DNS_NAMESPACES", value_name = "NAMESPACE,...", default_value_t = Defaults::default().dns_namespaces.join(","))]
    dns_namespaces: String,
    /// Namespaces of CloudNativePG's operator, which may reach its instances, separated by commas; empty: all
    #[arg(
        long,
        env = "CLOUD_NATIVE_PG_NAMESPACES",
        value_name = "NAMESPACE,...",
        default_value_t = Defaults::default().cloud_native_pg_namespaces.join(",")
    )]
    cloud_native_pg_namespaces: String,
    /// Whether Pods have the user and group ids of their images; false where the cluster gives them, as OpenShift does
    #[arg(long, env = "FIXED_IDS", value_name = "BOOL", default_value_t = true, action = clap::ArgAction::Set)]
    fixed_ids: bool,
}

impl From<DefaultsArgs> for Defaults {
    fn from(args: DefaultsArgs) -> Self {
        let DefaultsArgs { image_registry, image_tag, operator_namespace, fixed_ids, .. } = args;
        Self {
            image_registry,
            image_tag,
            operator_namespace,
            fixed_ids,
            allowed_registries: listed(args.allowed_registries.as_deref()),
            dns_namespaces: listed(Some(&args.dns_namespaces)),
            cloud_native_pg_namespaces: listed(Some(&args.cloud_native_pg_namespaces)),
            ..Self::default()
        }
    }
}

#[derive(Args, Debug)]
struct RunArgs {
    /// Namespaces whose resources are reconciled, separated by commas; the operator needs rights in these only [default: all]
    #[arg(long, env = "WATCH_NAMESPACES", value_name = "NAMESPACE,...")]
    watch_namespaces: Option<String>,
    #[command(flatten)]
    defaults: DefaultsArgs,
    /// Name of this replica, which must be unique [default: the host name, which is the Pod's name in a Pod]
    #[arg(long, env = "POD_NAME", value_name = "NAME")]
    pod_name: Option<String>,
    /// Address of /healthz, /readyz and /metrics [default: every address, and port 8080]
    #[arg(long, env = "LISTEN_ADDRESS", value_name = "IP:PORT")]
    listen_address: Option<SocketAddr>,
    /// Resources that are reconciled at once, 1 to 256
    #[arg(long, env = "CONCURRENCY", value_name = "N", default_value_t = 16, value_parser = clap::value_parser!(u16).range(1..=256))]
    concurrency: u16,
    /// Resources that roll out at once after a change of IMAGE_TAG, 1 to 1000; the others continue to serve and wait
    #[arg(long, env = "ROLLOUT_MAX_CONCURRENT", value_name = "N", default_value_t = Defaults::default().max_concurrent_rollouts,
        value_parser = clap::value_parser!(u16).range(1..=1000))]
    rollout_max_concurrent: u16,
    /// Whether a Secret that a resource names must have the label restaurantbooking.dev/usable=true
    #[arg(long, env = "SECRETS_REQUIRE_LABEL", value_name = "BOOL", default_value_t = true, action = clap::ArgAction::Set)]
    secrets_require_label: bool,
    /// Address of every broker, for an operator that runs outside the cluster and cannot resolve the cluster's names [default: the address
    /// in the resource]
    #[arg(long, env = "KAFKA_ADDRESS", value_name = "HOST:PORT")]
    kafka_address: Option<String>,
    #[command(flatten)]
    log: LogArgs,
}

#[derive(Args, Debug)]
struct PlanArgs {
    /// File with the resource (YAML or JSON); - for standard input
    #[arg(short, long, value_name = "FILE")]
    file: PathBuf,
    #[command(flatten)]
    defaults: DefaultsArgs,
}

#[derive(Args, Debug)]
struct CheckArgs {
    /// URL at which the operator reports whether it is ready, such as http://restaurant-booking-operator:8080/readyz
    #[arg(long, value_name = "URL")]
    url: String,
    /// Namespace in which the resource would be created
    #[arg(long, env = "OPERATOR_NAMESPACE", value_name = "NAMESPACE")]
    namespace: String,
}

#[derive(Args, Debug)]
struct ReleaseArgs {
    /// Namespaces of the resources, separated by commas [default: all]
    #[arg(long, env = "WATCH_NAMESPACES", value_name = "NAMESPACE,...")]
    watch_namespaces: Option<String>,
}

/// Runs the program.
pub fn main() -> ExitCode {
    let Cli { command } = Cli::parse();
    let result = match command {
        Command::Run(args) => in_runtime(run(*args)),
        Command::Check(args) => in_runtime(check(args)),
        Command::Release(args) => in_runtime(release(args)),
        Command::Crd => serde_yaml::to_string(&api::crd()).map(|text| print!("{text}")).map_err(|error| error.to_string()),
        Command::Plan(args) => print_plan(args),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(message) => {
            eprintln!("operator: {message}");
            ExitCode::FAILURE
        }
    }
}

fn in_runtime(work: impl Future<Output = Result<(), String>>) -> Result<(), String> {
    // Two threads are enough for work that mostly waits, and each thread needs memory.
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build();
    let runtime = runtime.map_err(|error| error.to_string())?;
    let outcome = runtime.block_on(work);
    // The end waits for no thread that asks a broker: without the lease it must change nothing any more, and it ends with the process.
    runtime.shutdown_background();
    outcome
}

/// A client of the cluster that kube infers: KUBECONFIG, ~/.kube/config or the Pod's ServiceAccount.
async fn client() -> Result<Client, String> {
    // The call fails only if a provider is installed already.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let config = kube::Config::infer()
        .await
        .map_err(|error| format!("no cluster is configured: {}; set KUBECONFIG, or run in a Pod with a ServiceAccount", chain(&error)))?;
    Ok(connection::builder(config)?.with_layer(&connection::time_limit()).build())
}

/// The items of a list that is separated by commas.
fn listed(list: Option<&str>) -> Vec<String> {
    let items = list.unwrap_or_default().split(',').map(str::trim);
    items.filter(|item| !item.is_empty()).map(str::to_owned).collect()
}

async fn release(args: ReleaseArgs) -> Result<(), String> {
    let released = release::release(&client().await?, &listed(args.watch_namespaces.as_deref())).await?;
    println!("{released} finalizers were taken off; the data of these resources stays when they are deleted");
    Ok(())
}

async fn run(args: RunArgs) -> Result<(), String> {
    let mut problems = Problems::default();
    let log = args.log.check(&mut problems);
    let namespaces = listed(args.watch_namespaces.as_deref());
    for namespace in &namespaces {
        if namespace.len() > 63 || !namespace.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-') {
            problems.add("WATCH_NAMESPACES", format!("has {namespace:?}; it must be names of namespaces, separated by commas"));
        }
    }
    problems.finish().map_err(|error| error.to_string())?;
    log.start();
    let identity = args.pod_name.filter(|name| !name.is_empty()).or_else(host_name).ok_or("POD_NAME (--pod-name): is missing")?;
    let client = client().await?;
    let listener = listen::bind(args.listen_address, PORT).await.map_err(|error| error.to_string())?;
    let address = listener.local_addr().map_err(|error| error.to_string())?;
    let (metrics, health) = (Arc::new(Metrics::default()), Arc::new(Health::default()));
    let stop = shutdown::on_signal().map_err(|error| error.to_string())?;
    // The server answers Prometheus and the kubelet until everything else has stopped.
    let answering = Shutdown::new();
    let answers = tokio::spawn(server::serve(listener, metrics.clone(), health.clone(), answering.clone()));
    info!(version = env!("CARGO_PKG_VERSION"), identity, %address, "started");
    let settings = Settings {
        namespaces,
        identity,
        concurrency: args.concurrency,
        relist: crate::timing::RELIST,
        defaults: Defaults {
            secrets_require_label: args.secrets_require_label,
            max_concurrent_rollouts: args.rollout_max_concurrent,
            ..args.defaults.into()
        },
        kafka_address: args.kafka_address.filter(|address| !address.is_empty()),
    };
    let ended = controller::run(client, settings, metrics, health, stop).await;
    answering.cancel();
    let _ = answers.await;
    match ended {
        Ok(()) => {
            info!("stopped");
            Ok(())
        }
        Err(error) => {
            error!("{}", chain(&error));
            Err(chain(&error))
        }
    }
}

fn host_name() -> Option<String> {
    let name = std::fs::read_to_string("/proc/sys/kernel/hostname").ok()?;
    Some(name.trim().to_owned()).filter(|name| !name.is_empty())
}

fn read(path: &Path) -> Result<String, String> {
    if path == Path::new("-") {
        let mut text = String::new();
        return std::io::stdin().read_to_string(&mut text).map(|_| text).map_err(|error| format!("standard input cannot be read: {error}"));
    }
    std::fs::read_to_string(path).map_err(|error| format!("{} cannot be read: {error}", path.display()))
}

fn print_plan(args: PlanArgs) -> Result<(), String> {
    let resource = api::read(&read(&args.file)?).map_err(|error| format!("{}:\n{error}", args.file.display()))?;
    let objects = plan(&resource, &args.defaults.into()).map_err(|invalid| {
        let lines: Vec<_> = invalid.iter().map(|invalid| format!("{}: {}", invalid.reason, invalid.message)).collect();
        format!("{}:\n{}", args.file.display(), lines.join("\n"))
    })?;
    for object in objects {
        print!("---\n{}", serde_yaml::to_string(&object.body).map_err(|error| error.to_string())?);
    }
    Ok(())
}

async fn check(args: CheckArgs) -> Result<(), String> {
    chassis::run::probe::is_ready(&args.url).await?;
    println!("{} answers that the operator is ready", args.url);
    let client = client().await?;
    check::would_take(client, &args.namespace).await?;
    println!("the API server would take a RestaurantBooking in namespace {}", args.namespace);
    Ok(())
}

#[cfg(test)]
mod tests {
    use tokio::sync::oneshot;

    use super::*;

    #[test]
    fn d29_the_end_waits_for_no_thread_that_blocks() {
        let (begin, begun) = oneshot::channel();
        let (go_on, wait) = std::sync::mpsc::channel::<()>();
        let (end, ended) = std::sync::mpsc::channel();
        let outcome = in_runtime(async move {
            tokio::task::spawn_blocking(move || {
                begin.send(()).expect("somebody waits for the beginning");
                end.send(wait.recv()).expect("somebody waits for the end");
            });
            begun.await.expect("it begins");
            Err("the lease is lost".to_owned())
        });
        assert_eq!(outcome, Err("the lease is lost".to_owned()));
        go_on.send(()).expect("the thread still waits");
        assert_eq!(ended.recv(), Ok(Ok(())));
    }

    #[test]
    fn d25_fixed_ids_are_a_setting() {
        let defaults = |arguments: &[&str]| {
            let Command::Run(args) = Cli::parse_from([&["operator", "run"], arguments].concat()).command else { panic!("another command") };
            Defaults::from(args.defaults)
        };
        assert!(defaults(&[]).fixed_ids);
        assert!(!defaults(&["--fixed-ids=false"]).fixed_ids);
    }
}
