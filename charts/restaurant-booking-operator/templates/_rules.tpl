{{/*
The rights of the operator in the namespaces of its resources. The kinds are generated from operator/src/reconcile/kind.rs: UPDATE=1 cargo test -p operator generated_rights
*/}}
{{- define "restaurant-booking-operator.rules" -}}
- apiGroups: [restaurantbooking.dev]
  resources: [restaurantbookings]
  # patch is for the finalizer of a resource whose data is deleted with it.
  verbs: [get, list, watch, patch]
- apiGroups: [restaurantbooking.dev]
  resources: [restaurantbookings/status]
  verbs: [patch]
# Settings are kept as long as a ReplicaSet uses them.
- apiGroups: [apps]
  resources: [replicasets]
  verbs: [list]
# What the Pod said that applied the declared house.
- apiGroups: [""]
  resources: [pods]
  verbs: [list]
- apiGroups: [events.k8s.io]
  resources: [events]
  verbs: [create, patch]
{{- $kinds := list
  (dict "group" "" "resources" "configmaps, persistentvolumeclaims, secrets, serviceaccounts, services")
  (dict "group" "apps" "resources" "deployments, statefulsets")
  (dict "group" "autoscaling" "resources" "horizontalpodautoscalers")
  (dict "group" "barmancloud.cnpg.io" "resources" "objectstores")
  (dict "group" "batch" "resources" "cronjobs, jobs")
  (dict "group" "gateway.networking.k8s.io" "resources" "httproutes")
  (dict "group" "kafka.strimzi.io" "resources" "kafkanodepools, kafkas, kafkatopics")
  (dict "group" "monitoring.coreos.com" "resources" "prometheusrules, servicemonitors")
  (dict "group" "networking.k8s.io" "resources" "ingresses, networkpolicies")
  (dict "group" "policy" "resources" "poddisruptionbudgets")
  (dict "group" "postgresql.cnpg.io" "resources" "backups, clusters, scheduledbackups")
}}
{{- range $kinds }}
- apiGroups: [{{ .group | quote }}]
  resources: [{{ .resources }}]
  verbs: [get, list, watch, create, patch, delete]
{{- end }}
{{- end }}
