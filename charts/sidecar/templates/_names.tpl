{{/* The key under which the calling chart has this one: its name, or the alias of the dependency. */}}
{{- define "sidecar.alias" -}}
{{- $found := "" -}}
{{- range $name, $chart := .Subcharts -}}
{{- if eq (index $chart.Chart.Annotations "sidecar.events/chart") "library" -}}{{- $found = $name -}}{{- end -}}
{{- end -}}
{{- required "the chart sidecar is not among the dependencies of this chart" $found -}}
{{- end -}}

{{/*
The values of this chart, as JSON. In its maps, what was set to null by a later file is gone; and `off`, which Helm reads as
false, is off again.
*/}}
{{- define "sidecar.values" -}}
{{- $v := index .Values (include "sidecar.alias" .) | toJson | fromJson -}}
{{- range $map := list $v.agent.subscriptions $v.agent.defaults $v.agent.settings $v.relay.settings $v.kafka.properties -}}
{{- range $key, $value := $map -}}{{- if kindIs "invalid" $value -}}{{- $_ := unset $map $key -}}{{- end -}}{{- end -}}
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

{{/* What no schema can see, since it stands between two values: all of it at once. */}}
{{- define "sidecar.check" -}}
{{- $as := include "sidecar.alias" . -}}
{{- $v := include "sidecar.values" . | fromJson -}}
{{- $wrong := list -}}
{{- if not $v.kafka.bootstrapServers -}}
{{- $wrong = append $wrong (printf "%s.kafka.bootstrapServers is empty: give host:port of a broker" $as) -}}
{{- end -}}
{{- if and $v.agent.enabled (not $v.agent.subscriptions) -}}
{{- $wrong = append $wrong (printf "%s.agent.subscriptions is empty: name one (orders: orders.v1), or set %s.agent.enabled to false" $as $as) -}}
{{- end -}}
{{- if $v.relay.enabled -}}
{{- if and $v.relay.postgres.existingSecret $v.relay.sqlite.path -}}
{{- $wrong = append $wrong (printf "%s.relay.postgres.existingSecret and %s.relay.sqlite.path are given: give one database" $as $as) -}}
{{- else if not (or $v.relay.postgres.existingSecret $v.relay.sqlite.path) -}}
{{- $wrong = append $wrong (printf "%s.relay.postgres.existingSecret is empty: name the Secret with the connection string, or give %s.relay.sqlite.path" $as $as) -}}
{{- end -}}
{{- if and $v.relay.sqlite.path (not $v.relay.sqlite.volume) -}}
{{- $wrong = append $wrong (printf "%s.relay.sqlite.volume is empty: name the pod's volume that the file lies in" $as) -}}
{{- end -}}
{{- if and $v.relay.sqlite.path (not (hasPrefix (printf "%s/" $v.relay.sqlite.mountPath) $v.relay.sqlite.path)) -}}
{{- $wrong = append $wrong (printf "%s.relay.sqlite.path is not below %s.relay.sqlite.mountPath (%s)" $as $as $v.relay.sqlite.mountPath) -}}
{{- end -}}
{{- if $v.kafka.tls.enabled -}}
{{- $wrong = append $wrong (printf "%s.kafka.tls.enabled is true and %s.relay.enabled too: the relay does not know TLS yet" $as $as) -}}
{{- end -}}
{{- end -}}
{{- if and (or $v.kafka.tls.certKey $v.kafka.tls.keyKey) (not (and $v.kafka.tls.certKey $v.kafka.tls.keyKey $v.kafka.tls.existingSecret)) -}}
{{- $wrong = append $wrong (printf "%s.kafka.tls: a client's certificate takes existingSecret, certKey and keyKey" $as) -}}
{{- end -}}
{{- if lt (list $v.agent.metricsPort $v.agent.adminPort $v.relay.metricsPort | uniq | len) 3 -}}
{{- $wrong = append $wrong (printf "two of %s.agent.metricsPort, %s.agent.adminPort and %s.relay.metricsPort are the same" $as $as $as) -}}
{{- end -}}
{{- if $wrong -}}{{- fail (printf "\n  %s" (join "\n  " $wrong)) -}}{{- end -}}
{{- end -}}
