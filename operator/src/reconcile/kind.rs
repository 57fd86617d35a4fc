//! The kinds of objects that the operator applies: a row for each, from which everything else follows.

use kube::core::{ApiResource, GroupVersionKind};

/// The verbs that the operator needs for every kind.
pub const VERBS: [&str; 6] = ["get", "list", "watch", "create", "patch", "delete"];

/// The Gateway API, which a cluster may not have.
pub const GATEWAY_API: &str = "the Gateway API";
/// The operator of Prometheus, which a cluster may not have.
pub const PROMETHEUS_OPERATOR: &str = "the Prometheus operator";
/// CloudNativePG, which a cluster may not have.
pub const CLOUD_NATIVE_PG: &str = "CloudNativePG";
/// The plugin of CloudNativePG that archives logs and makes backups, which a cluster may not have.
pub const BARMAN_CLOUD: &str = "the Barman Cloud plugin";
/// Strimzi, which a cluster may not have.
pub const STRIMZI: &str = "Strimzi";

/// The properties of a kind.
struct Row {
    group: &'static str,
    version: &'static str,
    /// The value of an object's `kind`.
    kind: &'static str,
    plural: &'static str,
    /// The product to which the kind belongs; `None` for Kubernetes' own.
    product: Option<&'static str>,
    /// For kinds with data, the position in the order of removal, the lowest first.
    removal: Option<u8>,
}

macro_rules! kinds {
    ($($(#[$doc:meta])* $name:ident: $group:literal, $version:literal, $kind:literal, $plural:literal, $product:expr, $removal:expr;)*) => {
        /// A kind of object that the operator applies.
        #[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
        pub enum Kind {
            $($(#[$doc])* $name,)*
        }

        impl Kind {
            /// All kinds.
            pub const ALL: [Self; [$(Self::$name),*].len()] = [$(Self::$name),*];

            const fn row(self) -> Row {
                match self {
                    $(Self::$name => Row {
                        group: $group,
                        version: $version,
                        kind: $kind,
                        plural: $plural,
                        product: $product,
                        removal: $removal,
                    },)*
                }
            }
        }
    };
}

// Each row: name, group, version, kind, plural, product, removal. Topics are removed before their broker, which removes them, and a database
// before the place of its backups.
kinds! {
    /// Credentials and keys.
    Secret: "", "v1", "Secret", "secrets", None, Some(7);
    /// Settings of a service.
    ConfigMap: "", "v1", "ConfigMap", "configmaps", None, None;
    /// The identity of a Pod.
    ServiceAccount: "", "v1", "ServiceAccount", "serviceaccounts", None, None;
    /// The address of Pods.
    Service: "", "v1", "Service", "services", None, None;
    /// A volume of a managed database or broker.
    PersistentVolumeClaim: "", "v1", "PersistentVolumeClaim", "persistentvolumeclaims", None, Some(6);
    /// A managed database or broker.
    StatefulSet: "apps", "v1", "StatefulSet", "statefulsets", None, None;
    /// A migration.
    Job: "batch", "v1", "Job", "jobs", None, None;
    /// The schedule of a database's backups.
    CronJob: "batch", "v1", "CronJob", "cronjobs", None, None;
    /// A service.
    Deployment: "apps", "v1", "Deployment", "deployments", None, None;
    /// The number of Pods of a service.
    HorizontalPodAutoscaler: "autoscaling", "v2", "HorizontalPodAutoscaler", "horizontalpodautoscalers", None, None;
    /// The number of Pods of a service that may be unavailable.
    PodDisruptionBudget: "policy", "v1", "PodDisruptionBudget", "poddisruptionbudgets", None, None;
    /// The connections of Pods that are allowed.
    NetworkPolicy: "networking.k8s.io", "v1", "NetworkPolicy", "networkpolicies", None, None;
    /// Access from outside the cluster.
    Ingress: "networking.k8s.io", "v1", "Ingress", "ingresses", None, None;
    /// Access from outside the cluster, by the Gateway API.
    HttpRoute: "gateway.networking.k8s.io", "v1", "HTTPRoute", "httproutes", Some(GATEWAY_API), None;
    /// The endpoints that Prometheus scrapes.
    ServiceMonitor: "monitoring.coreos.com", "v1", "ServiceMonitor", "servicemonitors", Some(PROMETHEUS_OPERATOR), None;
    /// Alerts of Prometheus.
    PrometheusRule: "monitoring.coreos.com", "v1", "PrometheusRule", "prometheusrules", Some(PROMETHEUS_OPERATOR), None;
    /// A database of CloudNativePG's.
    Cluster: "postgresql.cnpg.io", "v1", "Cluster", "clusters", Some(CLOUD_NATIVE_PG), Some(4);
    /// The schedule of the backups of a database of CloudNativePG's.
    ScheduledBackup: "postgresql.cnpg.io", "v1", "ScheduledBackup", "scheduledbackups", Some(CLOUD_NATIVE_PG), None;
    /// A backup on demand of a database of CloudNativePG's.
    Backup: "postgresql.cnpg.io", "v1", "Backup", "backups", Some(CLOUD_NATIVE_PG), None;
    /// Where a database of CloudNativePG's is backed up. A database that is kept goes on archiving, and needs it.
    ObjectStore: "barmancloud.cnpg.io", "v1", "ObjectStore", "objectstores", Some(BARMAN_CLOUD), Some(5);
    /// A Kafka cluster of Strimzi's.
    Kafka: "kafka.strimzi.io", "v1", "Kafka", "kafkas", Some(STRIMZI), Some(2);
    /// The nodes of a Kafka cluster of Strimzi's.
    KafkaNodePool: "kafka.strimzi.io", "v1", "KafkaNodePool", "kafkanodepools", Some(STRIMZI), Some(3);
    /// A topic of Strimzi's.
    KafkaTopic: "kafka.strimzi.io", "v1", "KafkaTopic", "kafkatopics", Some(STRIMZI), Some(1);
}

impl Kind {
    /// The value of an object's `kind`.
    pub const fn as_str(self) -> &'static str {
        self.row().kind
    }

    /// The API group; empty for Kubernetes' core group.
    pub const fn group(self) -> &'static str {
        self.row().group
    }

    /// The name of the resource in paths and rules: plural, in lower case.
    pub const fn plural(self) -> &'static str {
        self.row().plural
    }

    /// The value of an object's `apiVersion`.
    pub fn api_version(self) -> String {
        let Row { group, version, .. } = self.row();
        if group.is_empty() { version.to_owned() } else { format!("{group}/{version}") }
    }

    /// The API resource of the kind.
    pub fn resource(self) -> ApiResource {
        let Row { group, version, kind, plural, .. } = self.row();
        ApiResource::from_gvk_with_plural(&GroupVersionKind::gvk(group, version, kind), plural)
    }

    /// Whether the kind belongs to another product, which may not be installed.
    pub const fn is_optional(self) -> bool {
        self.row().product.is_some()
    }

    /// Whether the state of an object counts only once its controller has observed the newest generation. Of other kinds the controllers never
    /// tell which one that is, as for Jobs, or what is observed looks at it by itself, as for routes.
    pub const fn awaits_generation(self) -> bool {
        matches!(self, Self::Deployment | Self::StatefulSet)
    }

    /// Whether controllers report the state of an object of the kind, so that steps wait for it.
    pub const fn is_observed(self) -> bool {
        matches!(
            self,
            Self::PersistentVolumeClaim
                | Self::StatefulSet
                | Self::Job
                | Self::CronJob
                | Self::Deployment
                | Self::Ingress
                | Self::HttpRoute
                | Self::Cluster
                | Self::ScheduledBackup
                | Self::Backup
                | Self::ObjectStore
                | Self::Kafka
                | Self::KafkaTopic
        )
    }

    /// The kinds of a product.
    pub fn of_product(product: &str) -> Vec<Self> {
        Self::ALL.into_iter().filter(|kind| kind.row().product == Some(product)).collect()
    }

    /// Whether objects of the kind hold data that `deletionPolicy: Retain` keeps: volumes, credentials, databases, topics.
    pub const fn holds_data(self) -> bool {
        self.row().removal.is_some()
    }

    /// The kinds that hold data, in the order in which they are removed.
    pub fn by_removal() -> Vec<Self> {
        let mut kinds: Vec<_> = Self::ALL.into_iter().filter(|kind| kind.holds_data()).collect();
        kinds.sort_by_key(|kind| kind.row().removal);
        kinds
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;
    use std::path::Path;

    use super::*;

    /// The plurals by group, each sorted.
    fn by_group() -> BTreeMap<&'static str, Vec<&'static str>> {
        let mut groups = BTreeMap::<_, Vec<_>>::new();
        for kind in Kind::ALL {
            groups.entry(kind.group()).or_default().push(kind.plural());
        }
        groups.values_mut().for_each(|plurals| plurals.sort_unstable());
        groups
    }

    /// The kinds whose plural and singular a text does not contain.
    fn missing(kinds: impl IntoIterator<Item = Kind>, text: &str) -> Vec<Kind> {
        let words: Vec<_> = text.split(|character: char| !character.is_alphanumeric()).collect();
        let is_named = |kind: &Kind| words.iter().any(|word| *word == kind.plural() || Some(*word) == kind.plural().strip_suffix('s'));
        kinds.into_iter().filter(|kind| !is_named(kind)).collect()
    }

    /// Compares the text between two markers of a file with the fresh one, or writes it if UPDATE is set.
    #[track_caller]
    fn assert_fresh(file: &str, begin: &str, fresh: &str, end: &str) {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(file);
        let text = std::fs::read_to_string(&path).expect(file);
        let (before, rest) = text.split_once(begin).unwrap_or_else(|| panic!("{file} has no {begin:?}"));
        let (stands, after) = rest.split_once(end).unwrap_or_else(|| panic!("{file} has no {end:?} after {begin:?}"));
        if std::env::var_os("UPDATE").is_some() {
            std::fs::write(&path, format!("{before}{begin}{fresh}{end}{after}")).expect(file);
            return;
        }
        let missing = missing(Kind::ALL, stands);
        assert!(stands == fresh, "{file} is stale (it lacks {missing:?}): UPDATE=1 cargo test -p operator generated_rights");
    }

    #[test]
    fn generated_rights_of_the_chart() {
        let rule = |(group, plurals): (&&str, &Vec<&str>)| format!("  (dict \"group\" {group:?} \"resources\" {:?})\n", plurals.join(", "));
        let rules: String = by_group().iter().map(rule).collect();
        let verbs = VERBS.join(", ");
        let each = "{{- range $kinds }}\n- apiGroups: [{{ .group | quote }}]\n  resources: [{{ .resources }}]\n";
        let fresh = format!("{rules}}}}}\n{each}  verbs: [{verbs}]\n");
        let file = "charts/restaurant-booking-operator/templates/_rules.tpl";
        assert_fresh(file, "{{- $kinds := list\n", &fresh, "{{- end }}\n");
    }

    #[test]
    fn generated_rights_in_the_document_of_security() {
        let groups = by_group();
        let resources: Vec<_> = groups
            .iter()
            .map(|(group, plurals)| {
                let plurals: Vec<_> = plurals.iter().map(|plural| format!("`{plural}`")).collect();
                let of = if group.is_empty() { String::new() } else { format!(" of `{group}`") };
                format!("{}{of}", plurals.join(", "))
            })
            .collect();
        let fresh = format!("| {} | {} |", resources.join("; "), VERBS.join(", "));
        assert_fresh("docs/security.md", "| `events` of `events.k8s.io` | create, patch |\n", &fresh, "\n");
    }

    #[test]
    fn the_document_of_removal_names_every_kind_that_holds_data() {
        let document = include_str!("../../../docs/uninstall.md");
        let missing = missing(Kind::by_removal(), document);
        assert!(missing.is_empty(), "docs/uninstall.md does not say how to remove {missing:?}");
    }

    #[test]
    fn data_is_removed_in_one_order() {
        let order = Kind::by_removal();
        let before = |first: Kind, then: Kind| {
            let at = |kind| order.iter().position(|other| *other == kind);
            assert!(at(first) < at(then), "{first:?} goes before {then:?}");
        };
        before(Kind::KafkaTopic, Kind::Kafka);
        before(Kind::Kafka, Kind::KafkaNodePool);
        before(Kind::Cluster, Kind::ObjectStore);
        assert!(order.is_sorted_by(|one, other| one.row().removal < other.row().removal), "no two at once: {order:?}");
    }
}
