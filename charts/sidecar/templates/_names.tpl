{{/* The key under which the calling chart has this one: its name, or the alias of the dependency. */}}
{{- define "sidecar.alias" -}}
{{- $found := "" -}}
{{- range $name, $chart := .Subcharts -}}
{{- if eq (index $chart.Chart.Annotations "sidecar.events/chart") "library" -}}
{{- if $found -}}
{{- fail (printf "the chart sidecar is a dependency twice, as %s and as %s, and the templates can take the values of one alone" $found $name) -}}
{{- end -}}
{{- $found = $name -}}
{{- end -}}
{{- end -}}
{{- required "the chart sidecar is not among the dependencies of this chart" $found -}}
{{- end -}}

{{/*
The values of this chart, as JSON. In its maps, what was set to null by a later file is gone; and `off`, which Helm reads as
false, is off again.
*/}}
{{- define "sidecar.values" -}}
{{- $v := index .Values (include "sidecar.alias" .) | toJson | fromJson -}}
{{- $maps := list $v.agent.subscriptions $v.agent.defaults $v.agent.settings $v.relay.settings $v.kafka.properties -}}
{{- range $map := concat $maps (values (default dict $v.agent.subscriptions)) -}}
{{- if kindIs "map" $map -}}
{{- range $key, $value := $map -}}{{- if kindIs "invalid" $value -}}{{- $_ := unset $map $key -}}{{- end -}}{{- end -}}
{{- end -}}
{{- end -}}
{{- range $map := concat (list $v.agent.defaults $v.agent.settings) (values (default dict $v.agent.subscriptions)) -}}
{{- if kindIs "map" $map -}}
{{- range $key := list "retry-budget" "dlq-limit" "filter" "max-age" "rate-limit" "health" "max-deadline" "retries" "leave-after" -}}
{{- if eq (get $map $key | toString) "false" -}}{{- $_ := set $map $key "off" -}}{{- end -}}
{{- end -}}
{{- end -}}
{{- end -}}
{{- $v | toJson -}}
{{- end -}}

{{/* The full name of the release, as `helm create` makes it. */}}
{{- define "sidecar.fullname" -}}
{{- if .Values.fullnameOverride -}}
{{- .Values.fullnameOverride | trunc 63 | trimSuffix "-" -}}
{{- else -}}
{{- $name := default .Chart.Name .Values.nameOverride -}}
{{- if contains $name .Release.Name -}}{{- .Release.Name | trunc 63 | trimSuffix "-" -}}
{{- else -}}{{- printf "%s-%s" .Release.Name $name | trunc 63 | trimSuffix "-" -}}{{- end -}}
{{- end -}}
{{- end -}}

{{- define "sidecar.service" -}}
{{- $v := include "sidecar.values" . | fromJson -}}
{{- default (include "sidecar.fullname" .) $v.service -}}
{{- end -}}

{{- define "sidecar.group" -}}
{{- $v := include "sidecar.values" . | fromJson -}}
{{- default (printf "%s.%s" .Release.Namespace (include "sidecar.service" .)) $v.agent.group -}}
{{- end -}}

{{- define "sidecar.selectorLabels" -}}
{{- $v := include "sidecar.values" . | fromJson -}}
{{- if $v.selectorLabels -}}
{{- toYaml $v.selectorLabels -}}
{{- else -}}
app.kubernetes.io/name: {{ default .Chart.Name .Values.nameOverride | trunc 63 | trimSuffix "-" | quote }}
app.kubernetes.io/instance: {{ .Release.Name | quote }}
{{- end -}}
{{- end -}}

{{/* Labels of the objects that this chart makes. */}}
{{- define "sidecar.labels" -}}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version | replace "+" "_" | trunc 63 | trimSuffix "-" | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service | quote }}
{{ include "sidecar.selectorLabels" . }}
{{- end -}}

{{/* dict "root" . "image" VALUES: the reference of an image. */}}
{{- define "sidecar.image" -}}
{{- $chart := index .root.Subcharts (include "sidecar.alias" .root) -}}
{{- if .image.digest -}}{{- printf "%s@%s" .image.repository .image.digest -}}
{{- else -}}{{- printf "%s:%s" .image.repository (default $chart.Chart.AppVersion .image.tag) -}}{{- end -}}
{{- end -}}
