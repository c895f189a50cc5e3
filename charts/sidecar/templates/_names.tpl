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
{{- end -}}
{{- $wrong = concat $wrong (include "sidecar.checkSecurity" . | fromJsonArray) -}}
{{- if lt (list $v.agent.metricsPort $v.agent.adminPort $v.relay.metricsPort | uniq | len) 3 -}}
{{- $wrong = append $wrong (printf "two of %s.agent.metricsPort, %s.agent.adminPort and %s.relay.metricsPort are the same" $as $as $as) -}}
{{- end -}}
{{- if $wrong -}}{{- fail (printf "\n  %s" (join "\n  " $wrong)) -}}{{- end -}}
{{- end -}}

{{/* What is wrong with kafka.security, as a JSON list. */}}
{{- define "sidecar.checkSecurity" -}}
{{- $at := printf "%s.kafka.security" (include "sidecar.alias" .) -}}
{{- $s := (include "sidecar.values" . | fromJson).kafka.security -}}
{{- $sasl := hasPrefix "SASL_" $s.protocol -}}
{{- $tls := has $s.protocol (list "SSL" "SASL_SSL") -}}
{{- $wrong := list -}}
{{- if and $sasl (not $s.existingSecret) -}}
{{- $wrong = append $wrong (printf "%s.existingSecret is empty: name the Secret with the user and the password" $at) -}}
{{- end -}}
{{- if and $sasl (not $s.mechanism) -}}
{{- $wrong = append $wrong (printf "%s.mechanism is empty: give PLAIN, SCRAM-SHA-256 or SCRAM-SHA-512" $at) -}}
{{- end -}}
{{- if and $s.mechanism (not $sasl) -}}
{{- $wrong = append $wrong (printf "%s.mechanism is given and %s.protocol is %s: set it to SASL_SSL" $at $at $s.protocol) -}}
{{- end -}}
{{- if and (or $s.existingSecret $s.caSecret) (eq $s.protocol "PLAINTEXT") -}}
{{- $wrong = append $wrong (printf "%s has a Secret and its protocol is PLAINTEXT, which uses none: set it to SASL_SSL or SSL" $at) -}}
{{- end -}}
{{- if and (or $s.certKey $s.keyKey) (not (and $s.certKey $s.keyKey $s.existingSecret $tls)) -}}
{{- $wrong = append $wrong (printf "%s: a client's certificate takes existingSecret, certKey, keyKey, and SSL or SASL_SSL" $at) -}}
{{- end -}}
{{- if and $s.caSecret (not $tls) -}}
{{- $wrong = append $wrong (printf "%s.caSecret is given and %s.protocol is %s, which knows no certificates" $at $at $s.protocol) -}}
{{- end -}}
{{- if and $s.existingSecret (not $sasl) (not $s.certKey) -}}
{{- $wrong = append $wrong (printf "%s.existingSecret is given and nothing of it is used: name certKey and keyKey, or set protocol to SASL_SSL" $at) -}}
{{- end -}}
{{- $wrong | toJson -}}
{{- end -}}
