{{/*
What the operator may do where its resources are. A test holds the kinds to those that it makes.
*/}}
{{- define "restaurant-booking-operator.rules" -}}
- apiGroups: [restaurantbooking.dev]
  resources: [restaurantbookings]
  verbs: [list, watch]
- apiGroups: [restaurantbooking.dev]
  resources: [restaurantbookings/status]
  verbs: [patch]
- apiGroups: [events.k8s.io]
  resources: [events]
  verbs: [create, patch]
{{- $kinds := list
  (dict "group" "" "resources" "configmaps, serviceaccounts, services")
  (dict "group" "apps" "resources" "deployments, statefulsets")
  (dict "group" "autoscaling" "resources" "horizontalpodautoscalers")
  (dict "group" "batch" "resources" "jobs")
  (dict "group" "gateway.networking.k8s.io" "resources" "httproutes")
  (dict "group" "monitoring.coreos.com" "resources" "prometheusrules, servicemonitors")
  (dict "group" "networking.k8s.io" "resources" "ingresses, networkpolicies")
  (dict "group" "policy" "resources" "poddisruptionbudgets")
}}
{{- range $kinds }}
- apiGroups: [{{ .group | quote }}]
  resources: [{{ .resources }}]
  verbs: [get, list, watch, create, patch, delete]
{{- end }}
{{- /* What holds data is never deleted by the operator: it goes with the resource, by its owner reference, or stays. */}}
{{- $data := list
  (dict "group" "" "resources" "persistentvolumeclaims, secrets")
  (dict "group" "kafka.strimzi.io" "resources" "kafkanodepools, kafkas, kafkatopics")
  (dict "group" "postgresql.cnpg.io" "resources" "clusters")
}}
{{- range $data }}
- apiGroups: [{{ .group | quote }}]
  resources: [{{ .resources }}]
  verbs: [get, list, watch, create, patch]
{{- end }}
{{- end }}
