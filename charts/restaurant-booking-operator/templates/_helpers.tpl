{{/*
The value of app.kubernetes.io/name. It is not configurable: the operator's NetworkPolicies for brokers select its Pods by this label.
*/}}
{{- define "restaurant-booking-operator.application" -}}
restaurant-booking-operator
{{- end }}

{{/*
The name of objects: at most 63 characters, the limit for a Service.
*/}}
{{- define "restaurant-booking-operator.fullname" -}}
{{- $name := .Values.nameOverride | default .Chart.Name }}
{{- if .Values.fullnameOverride }}
{{- $name = .Values.fullnameOverride }}
{{- else if not (contains $name .Release.Name) }}
{{- $name = printf "%s-%s" .Release.Name $name }}
{{- else }}
{{- $name = .Release.Name }}
{{- end }}
{{- $name | trunc 63 | trimSuffix "-" }}
{{- end }}

{{- define "restaurant-booking-operator.serviceAccountName" -}}
{{- if .Values.serviceAccount.create }}
{{- .Values.serviceAccount.name | default (include "restaurant-booking-operator.fullname" .) }}
{{- else }}
{{- .Values.serviceAccount.name | default "default" }}
{{- end }}
{{- end }}

{{/*
The labels that select the operator's Pods. They never change.
*/}}
{{- define "restaurant-booking-operator.selectorLabels" -}}
app.kubernetes.io/name: {{ include "restaurant-booking-operator.application" . }}
app.kubernetes.io/instance: {{ .Release.Name | quote }}
{{- end }}

{{/*
The labels of all objects.
*/}}
{{- define "restaurant-booking-operator.labels" -}}
{{- $own := include "restaurant-booking-operator.selectorLabels" . | fromYaml }}
{{- $_ := set $own "app.kubernetes.io/version" (.Chart.AppVersion | replace "+" "_") }}
{{- $_ := set $own "app.kubernetes.io/managed-by" .Release.Service }}
{{- $_ := set $own "helm.sh/chart" (printf "%s-%s" .Chart.Name .Chart.Version | replace "+" "_" | trunc 63 | trimSuffix "-") }}
{{- $given := merge (dict) .Values.commonLabels .Values.podLabels }}
{{- range $label := keys $own }}
{{- if hasKey $given $label }}
{{- fail (printf "commonLabels and podLabels: %s is the chart's own label; leave it out" $label) }}
{{- end }}
{{- end }}
{{- merge $own .Values.commonLabels (dict "app.kubernetes.io/part-of" "restaurant-booking") | toYaml }}
{{- end }}

{{/*
The image of the operator.
*/}}
{{- define "restaurant-booking-operator.image" -}}
{{- $image := .Values.image }}
{{- with $image.registry }}{{ . }}/{{ end }}{{ $image.repository }}
{{- if $image.digest }}@{{ $image.digest }}{{ else }}:{{ $image.tag | default .Chart.AppVersion }}{{ end }}
{{- end }}

{{/*
Fails if the cluster does not have a kind. Takes the root, the value that requires the kind, and the kind.
*/}}
{{- define "restaurant-booking-operator.needsMonitoring" -}}
{{- $kind := printf "monitoring.coreos.com/v1/%s" .kind }}
{{- if not (.root.Capabilities.APIVersions.Has $kind) }}
{{- fail (printf "%s is true, but the cluster does not know the kind %s: install prometheus-operator first, or leave it false (helm template, which asks no cluster, takes --api-versions %s)" .value .kind $kind) }}
{{- end }}
{{- end }}

{{/*
The labels that select the Pod of `helm test`. They differ from the operator's, so that the Pod gets none of its traffic or rights.
*/}}
{{- define "restaurant-booking-operator.testLabels" -}}
app.kubernetes.io/name: {{ include "restaurant-booking-operator.application" . }}-test
app.kubernetes.io/instance: {{ .Release.Name | quote }}
{{- end }}

{{/*
The name of the Lease, which depends on watchNamespaces. The operator derives the same name.
*/}}
{{- define "restaurant-booking-operator.lease" -}}
restaurant-booking-operator
{{- with .Values.watchNamespaces }}-{{ . | uniq | sortAlpha | join "," | sha256sum | trunc 10 }}{{ end }}
{{- end }}

{{/*
The security of every Pod of the chart, without the ids where the cluster gives them.
*/}}
{{- define "restaurant-booking-operator.podSecurityContext" -}}
{{- $ids := ternary (list) (list "runAsUser" "runAsGroup" "fsGroup") .Values.pods.fixedIds }}
{{- $left := dict }}
{{- range $key, $value := .Values.podSecurityContext }}
{{- if not (has $key $ids) }}{{ $_ := set $left $key $value }}{{ end }}
{{- end }}
{{- toYaml $left }}
{{- end }}

{{/*
Where the section of an alert is read
*/}}
{{- define "restaurant-booking-operator.runbook" -}}
https://github.com/restaurant-booking/restaurant-booking/blob/main/docs/alerts.md#{{ lower . }}
{{- end }}
