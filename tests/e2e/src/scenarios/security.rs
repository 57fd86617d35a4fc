//! What Pods may do, and who may reach whom.

use std::collections::{BTreeMap, BTreeSet};

use k8s_openapi::api::core::v1::{Namespace, Pod, ServiceAccount};
use k8s_openapi::api::networking::v1::NetworkPolicy;
use kube::ResourceExt as _;
use kube::api::{Api, ListParams};

use crate::Result;
use crate::command::kubectl;
use crate::policy::{End, Port, allows};
use crate::restaurant::Restaurant;
use crate::world::{OPERATOR, World, ensure};

/// Restricted pod security is in force, and no Pod of the restaurant has a token or rights at the API server.
pub(crate) async fn pods_are_restricted_and_have_no_rights(world: &World) -> Result<()> {
    let restaurant = world.trattoria().await?;
    let intruder = restaurant.kubectl(&["run", "intruder", "--image=busybox:stable", "--dry-run=server"]).await;
    let refused = intruder.err().map(|error| error.to_string()).unwrap_or_default();
    ensure(refused.contains("violates PodSecurity"), || format!("a Pod without any restriction is let in: {refused}"))?;
    world.tell("restricted pod security is enforced, and all Pods run under it");

    let pods = Api::<Pod>::namespaced(world.client.clone(), &restaurant.namespace).list(&ListParams::default()).await?;
    for pod in &pods {
        let spec = pod.spec.clone().unwrap_or_default();
        let token = spec.volumes.iter().flatten().filter_map(|volume| volume.projected.as_ref()?.sources.as_ref()).flatten();
        let mounted = token.filter(|source| source.service_account_token.is_some()).count();
        ensure(mounted == 0 && spec.automount_service_account_token == Some(false), || format!("{} has a token", pod.name_any()))?;
    }
    world.tell(format!("{} Pods, none with a token", pods.items.len()));

    let accounts = Api::<ServiceAccount>::namespaced(world.client.clone(), &restaurant.namespace).list(&ListParams::default()).await?;
    // What every account may, such as asking what it may.
    let anybody = rights(&restaurant, "default").await?;
    for account in &accounts {
        let rights = rights(&restaurant, &account.name_any()).await?;
        ensure(rights == anybody, || format!("{}: {:?}", account.name_any(), rights.difference(&anybody)))?;
    }
    world.tell(format!("{} accounts, none with a right that not every account has", accounts.items.len()));
    for service in SERVICES {
        let question = "SELECT session_user, (SELECT rolsuper FROM pg_roles WHERE rolname = session_user), \
                        (SELECT rolcanlogin FROM pg_roles WHERE rolname = current_user)";
        let pod = format!("{}-{service}-postgres-0", restaurant.name);
        let answer = restaurant.kubectl(&["exec", &pod, "--container=postgres", "--", "psql", "-Atc", question]).await?;
        ensure(answer.trim().ends_with("_db|f|f"), || format!("{pod}: {answer}"))?;
    }
    world.tell("no service's database user is a superuser, and what they make belongs to roles that cannot log in");
    let operator = format!("--as=system:serviceaccount:{OPERATOR}:{OPERATOR}");
    kubectl(&["auth", "can-i", "patch", "deployments.apps", "--namespace", &restaurant.namespace, &operator]).await.map(drop)
}

async fn rights(restaurant: &Restaurant<'_>, account: &str) -> Result<BTreeSet<String>> {
    let account = format!("--as=system:serviceaccount:{}:{account}", restaurant.namespace);
    let listed = restaurant.kubectl(&["auth", "can-i", "--list", "--no-headers", &account]).await?;
    Ok(listed.lines().map(|line| line.split_whitespace().collect::<Vec<_>>().join(" ")).collect())
}

/// Every connection that the platform needs: from, to, port. `*` stands for each service. There is to be no other.
const FLOWS: [(&str, &str, i32); 21] = [
    // Who may call the services: other Pods, a gateway's, Prometheus'.
    ("guest", "auth", 8000),
    ("guest", "menu", 8001),
    ("guest", "reservation", 8002),
    ("*", "*-postgres", 5432),
    ("*", "kafka", 9092),
    ("*-migration", "*-postgres", 5432),
    ("reservation-house", "reservation-postgres", 5432),
    ("*", "dns", 53),
    ("*-migration", "dns", 53),
    ("reservation-house", "dns", 53),
    ("kafka", "dns", 53),
    // The API server is outside, and so are brokers that the operator does not run; to the operator, DNS is anywhere.
    ("operator", "dns", 53),
    ("operator", "dns", 443),
    ("operator", "dns", 6443),
    ("operator", "dns", 9092),
    ("operator", "outside", 53),
    ("operator", "outside", 443),
    ("operator", "outside", 6443),
    ("operator", "outside", 9092),
    ("operator", "kafka", 9092),
    // Metrics.
    ("guest", "operator", 8080),
];

const SERVICES: [&str; 3] = ["auth", "menu", "reservation"];
/// Every port that anybody listens on.
const PORTS: [Port; 10] = [
    Port { protocol: "TCP", number: 8000 },
    Port { protocol: "TCP", number: 8001 },
    Port { protocol: "TCP", number: 8002 },
    Port { protocol: "TCP", number: 8080 },
    Port { protocol: "TCP", number: 5432 },
    Port { protocol: "TCP", number: 9092 },
    Port { protocol: "TCP", number: 53 },
    Port { protocol: "UDP", number: 53 },
    Port { protocol: "TCP", number: 443 },
    Port { protocol: "TCP", number: 6443 },
];

/// The NetworkPolicies that are applied let through what the platform needs, and nothing else. They are evaluated, not tried: not every
/// cluster enforces them.
pub(crate) async fn network_policies_let_through_what_is_needed(world: &World) -> Result<()> {
    let restaurant = world.trattoria().await?;
    let policies = Api::<NetworkPolicy>::all(world.client.clone()).list(&ListParams::default()).await?.items;
    let (mut ends, mut expected) = (Vec::new(), BTreeSet::new());
    let components = SERVICES.iter().flat_map(|service| ["", "-migration", "-postgres"].map(|part| format!("{service}{part}")));
    for component in components.chain(["reservation-house", "kafka"].map(str::to_owned)) {
        ends.push((component.clone(), of_pod(world, &restaurant.namespace, &restaurant.pods(&component).await?).await?));
    }
    let operators = Api::<Pod>::namespaced(world.client.clone(), OPERATOR);
    let operators = operators.list(&ListParams::default().labels(&format!("app.kubernetes.io/name={OPERATOR}"))).await?.items;
    ends.push(("operator".to_owned(), of_pod(world, OPERATOR, &operators).await?));
    for name in ["guest", "outside"] {
        // In a namespace of its own, and under no policy.
        ends.push((name.to_owned(), End { namespace: name.to_owned(), ..End::default() }));
    }
    let kube_system = BTreeMap::from([("kubernetes.io/metadata.name".to_owned(), "kube-system".to_owned())]);
    ends.push(("dns".to_owned(), End { namespace: "kube-system".to_owned(), namespace_labels: kube_system, ..End::default() }));
    for (from, to, port) in FLOWS {
        for service in SERVICES {
            expected.insert((from.replace('*', service), to.replace('*', service), port));
        }
    }
    let mut found = BTreeSet::new();
    for (from, source) in ends.iter().filter(|(name, _)| name != "outside" && name != "dns") {
        for (to, target) in ends.iter().filter(|(name, _)| name != "guest" && (from != "guest" || (name != "outside" && name != "dns"))) {
            let let_through = PORTS.iter().filter(|port| allows(&policies, source, target, **port));
            found.extend(let_through.map(|port| (from.clone(), to.clone(), port.number)));
        }
    }
    ensure(found == expected, || {
        let missing: Vec<_> = expected.difference(&found).collect();
        let needless: Vec<_> = found.difference(&expected).collect();
        format!("not let through: {missing:?}; let through needlessly: {needless:?}")
    })?;
    world.tell(format!("{} connections are let through by {} policies, and no other", found.len(), policies.len()));
    Ok(())
}

/// The end that one of these Pods is.
async fn of_pod(world: &World, namespace: &str, pods: &[Pod]) -> Result<End> {
    let pod = pods.first().ok_or_else(|| format!("a part of the platform has no Pod in {namespace}"))?;
    let found = Api::<Namespace>::all(world.client.clone()).get(namespace).await?;
    let containers = pod.spec.iter().flat_map(|spec| &spec.containers).flat_map(|container| container.ports.iter().flatten());
    let ports = containers.filter_map(|port| Some((port.name.clone()?, port.container_port))).collect();
    Ok(End { namespace: namespace.to_owned(), namespace_labels: found.labels().clone(), labels: pod.labels().clone(), ports })
}
