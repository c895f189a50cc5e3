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
{{- range $part := list "Names" "Ports" "Security" "Objects" -}}
{{- $wrong = concat $wrong (include (printf "sidecar.check%s" $part) $ | fromJsonArray) -}}
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

{{/* Names of subscriptions that YAML has made something else of, as a JSON list. A null is refused by Helm itself. */}}
{{- define "sidecar.checkNames" -}}
{{- $at := printf "%s.agent.subscriptions" (include "sidecar.alias" .) -}}
{{- $v := include "sidecar.values" . | fromJson -}}
{{- $wrong := list -}}
{{- range $name, $written := dict "true" "on, yes and y" "false" "off, no and n" -}}
{{- if hasKey (default dict $v.agent.subscriptions) $name -}}
{{- $wrong = append $wrong (printf "%s has one named %s: YAML reads %s as %s, and two of them as one: put the name into quotes" $at $name $written $name) -}}
{{- end -}}
{{- end -}}
{{- $wrong | toJson -}}
{{- end -}}

{{/*
Ports that two listeners of the pod want, as a JSON list. The application's port of the agent (api-port) is open where a
subscription has max-deadline.
*/}}
{{- define "sidecar.checkPorts" -}}
{{- $as := include "sidecar.alias" . -}}
{{- $v := include "sidecar.values" . | fromJson -}}
{{- $taken := list -}}
{{- if $v.agent.enabled -}}
{{- $taken = append $taken (dict "name" "agent.metricsPort" "port" (int $v.agent.metricsPort)) -}}
{{- $taken = append $taken (dict "name" "agent.adminPort" "port" (int $v.agent.adminPort)) -}}
{{- $settings := default dict $v.agent.settings -}}
{{- $extends := hasKey $settings "api-port" -}}
{{- range $part := append (values (default dict $v.agent.subscriptions)) $v.agent.defaults -}}
{{- $text := include "sidecar.text" $part -}}
{{- if and (regexMatch "max-deadline[\"']?\\s*[=:]" $text) (not (regexMatch "max-deadline[\"']?\\s*[=:]\\s*[\"']?off" $text)) -}}{{- $extends = true -}}{{- end -}}
{{- end -}}
{{- if $extends -}}
{{- $port := int (dig "api-port" 14192 $settings) -}}
{{- $taken = append $taken (dict "name" "agent.settings.api-port" "port" $port) -}}
{{- end -}}
{{- $app := default "unix:" $v.agent.appAddress -}}
{{- if not (hasPrefix "unix:" $app) -}}
{{- $taken = append $taken (dict "name" "agent.appAddress" "port" (splitList ":" $app | last | int)) -}}
{{- end -}}
{{- end -}}
{{- if $v.relay.enabled -}}
{{- $taken = append $taken (dict "name" "relay.metricsPort" "port" (int $v.relay.metricsPort)) -}}
{{- end -}}
{{- $wrong := list -}}
{{- $first := dict -}}
{{- range $one := $taken -}}
{{- $port := toString $one.port -}}
{{- if eq $port "0" -}}
{{- else if hasKey $first $port -}}
{{- $wrong = append $wrong (printf "%s.%s and %s.%s are the same port (%s)" $as (get $first $port) $as $one.name $port) -}}
{{- else -}}
{{- $_ := set $first $port $one.name -}}
{{- end -}}
{{- end -}}
{{- $wrong | toJson -}}
{{- end -}}

{{/* What the objects beside the pod would be refused for, or do nothing with, as a JSON list. */}}
{{- define "sidecar.checkObjects" -}}
{{- $as := include "sidecar.alias" . -}}
{{- $v := include "sidecar.values" . | fromJson -}}
{{- $wrong := list -}}
{{- with $v.metrics.podMonitor -}}
{{- if and .enabled (gt (include "sidecar.milliseconds" .scrapeTimeout | int64) (include "sidecar.milliseconds" .interval | int64)) -}}
{{- $wrong = append $wrong (printf "%s.metrics.podMonitor.scrapeTimeout (%s) is above interval (%s): Prometheus Operator refuses that" $as .scrapeTimeout .interval) -}}
{{- end -}}
{{- end -}}
{{- if and $v.autoscaling.enabled $v.agent.enabled -}}
{{- $s := $v.kafka.security -}}
{{- if and (or (hasPrefix "SASL_" $s.protocol) $s.certKey $s.caSecret) (not $v.autoscaling.authenticationRef) -}}
{{- $wrong = append $wrong (printf "%s.autoscaling.authenticationRef is empty: KEDA asks Kafka by itself, name a TriggerAuthentication with what %s.kafka.security has" $as $as) -}}
{{- end -}}
{{- if gt (int $v.autoscaling.minReplicas) (int $v.autoscaling.maxReplicas) -}}
{{- $wrong = append $wrong (printf "%s.autoscaling.minReplicas (%d) is above maxReplicas (%d)" $as (int $v.autoscaling.minReplicas) (int $v.autoscaling.maxReplicas)) -}}
{{- end -}}
{{- end -}}
{{- $wrong | toJson -}}
{{- end -}}

{{/* A duration of the schema (ms, s, m or h) as a number. */}}
{{- define "sidecar.milliseconds" -}}
{{- $unit := regexFind "[a-z]+$" . -}}
{{- mul (trimSuffix $unit . | int64) (get (dict "ms" 1 "s" 1000 "m" 60000 "h" 3600000) $unit) -}}
{{- end -}}
