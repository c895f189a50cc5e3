{{/* Annotations for the pod template (not for the Deployment): what the agent is to do. */}}
{{- define "sidecar.podAnnotations" -}}
{{- include "sidecar.check" . -}}
{{- $v := include "sidecar.values" . | fromJson -}}
{{- if $v.agent.enabled -}}
{{- $all := dict -}}
{{- with $v.agent.appAddress -}}{{- $_ := set $all "app-address" . -}}{{- end -}}
{{- range $name, $value := $v.agent.subscriptions -}}
{{- $_ := set $all (printf "subscription.%s" $name) (include "sidecar.text" $value) -}}
{{- end -}}
{{- with $v.agent.defaults -}}{{- $_ := set $all "defaults" (include "sidecar.text" .) -}}{{- end -}}
{{- range $name, $value := $v.agent.settings -}}{{- $_ := set $all $name (include "sidecar.text" $value) -}}{{- end -}}
{{- range $name, $value := $v.kafka.properties -}}
{{- $_ := set $all (printf "kafka.%s" $name) (include "sidecar.text" $value) -}}
{{- end -}}
{{- $lines := list -}}
{{- range $name, $value := $all -}}{{- $lines = append $lines (printf "sidecar.events/%s: %s" $name ($value | quote)) -}}{{- end -}}
{{- join "\n" $lines -}}
{{- end -}}
{{- end -}}

{{/* A value as text: what is no text becomes JSON, in which the agent reads blocks. Numbers have no exponent. */}}
{{- define "sidecar.text" -}}
{{- if kindIs "string" . -}}{{- . -}}
{{- else if kindIs "float64" . -}}{{- if eq . (floor .) -}}{{- int64 . -}}{{- else -}}{{- . -}}{{- end -}}
{{- else -}}{{- toJson . -}}{{- end -}}
{{- end -}}

{{/* The topics of all subscriptions, as JSON: name to list. */}}
{{- define "sidecar.topics" -}}
{{- $v := include "sidecar.values" . | fromJson -}}
{{- $all := dict -}}
{{- range $name, $value := $v.agent.subscriptions -}}
{{- if kindIs "string" $value -}}
{{- $block := dict -}}
{{- if or (hasPrefix "{" (trim $value)) (contains "\n" (trim $value)) (regexMatch "^[^=;]*: " $value) -}}
{{- $block = fromYaml $value -}}
{{- else -}}
{{- $block = dict "topics" (include "sidecar.compactTopics" $value) -}}
{{- end -}}
{{- $value = $block -}}
{{- end -}}
{{- $topics := list -}}
{{- if kindIs "string" $value.topics -}}
{{- range splitList "," $value.topics -}}{{- $topics = append $topics (trim .) -}}{{- end -}}
{{- else -}}
{{- $topics = $value.topics -}}
{{- end -}}
{{- $_ := set $all $name (default list $topics) -}}
{{- end -}}
{{- $all | toJson -}}
{{- end -}}

{{/*
The topics of the compact form: what stands first without a name, or the field topics. No topic has a semicolon, so quoted
values that have one are left out before the text is cut at them.
*/}}
{{- define "sidecar.compactTopics" -}}
{{- range $number, $part := splitList ";" (regexReplaceAll "=\\s*\"[^\"]*;[^\"]*\"" . "=") -}}
{{- $key := first (splitList "=" $part) | trim -}}
{{- if and (contains "=" $part) (eq $key "topics") -}}{{- splitList "=" $part | last | trim | trimAll "\"" -}}
{{- else if and (eq $number 0) (not (contains "=" $part)) -}}{{- trim $part -}}{{- end -}}
{{- end -}}
{{- end -}}
