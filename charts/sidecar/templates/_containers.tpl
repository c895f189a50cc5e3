{{/*
The containers of the sidecars that are enabled, as items of a list: under initContainers in the native mode, under
containers in the classic one.
*/}}
{{- define "sidecar.container" -}}
{{- include "sidecar.check" . -}}
{{- $v := include "sidecar.values" . | fromJson -}}
{{- $parts := list -}}
{{- if $v.relay.enabled -}}{{- $parts = append $parts (include "sidecar.relay.container" .) -}}{{- end -}}
{{- if $v.agent.enabled -}}{{- $parts = append $parts (include "sidecar.agent.container" .) -}}{{- end -}}
{{- join "\n" $parts -}}
{{- end -}}

{{- define "sidecar.agent.container" -}}
{{- $v := include "sidecar.values" . | fromJson -}}
{{- $agent := $v.agent -}}
- name: sidecar-agent
  image: {{ include "sidecar.image" (dict "root" . "image" $agent.image) | quote }}
  imagePullPolicy: {{ $agent.image.pullPolicy }}
  args: [run]
  {{- if eq $v.mode "native" }}
  restartPolicy: Always
  {{- end }}
  ports:
    - {name: sidecar-agent, containerPort: {{ int $agent.metricsPort }}, protocol: TCP}
  env:
    {{- include "sidecar.identity" . | nindent 4 }}
    - {name: SIDECAR_ANNOTATIONS, value: /etc/sidecar/podinfo/annotations}
    - {name: SIDECAR_METRICS_PORT, value: {{ int $agent.metricsPort | toString | quote }}}
    - {name: SIDECAR_ADMIN_PORT, value: {{ int $agent.adminPort | toString | quote }}}
    {{- with $agent.drainTimeout }}
    - {name: SIDECAR_DRAIN_TIMEOUT, value: {{ . | quote }}}
    {{- end }}
    {{- with $agent.group }}
    - {name: SIDECAR_GROUP, value: {{ . | quote }}}
    {{- end }}
    {{- with $agent.extraEnv }}
    {{- toYaml . | nindent 4 }}
    {{- end }}
  {{- include "sidecar.probes" (dict "port" "sidecar-agent" "values" $agent) | nindent 2 }}
  # At once when the pod is to end, beside the application's own: SIGTERM comes only after the application has gone.
  lifecycle: {preStop: {exec: {command: [/app/agent, drain]}}}
  terminationMessagePolicy: FallbackToLogsOnError
  resources: {{- toYaml $agent.resources | nindent 4 }}
  securityContext: {{- include "sidecar.securityContext" . | nindent 4 }}
  volumeMounts:
    - {name: sidecar-podinfo, mountPath: /etc/sidecar/podinfo, readOnly: true}
    {{- include "sidecar.kafkaMount" . | nindent 4 }}
    {{- with $agent.extraVolumeMounts }}
    {{- toYaml . | nindent 4 }}
    {{- end }}
{{- end -}}

{{- define "sidecar.relay.container" -}}
{{- $v := include "sidecar.values" . | fromJson -}}
{{- $relay := $v.relay -}}
- name: sidecar-relay
  image: {{ include "sidecar.image" (dict "root" . "image" $relay.image) | quote }}
  imagePullPolicy: {{ $relay.image.pullPolicy }}
  args: [run]
  {{- if eq $v.mode "native" }}
  restartPolicy: Always
  {{- end }}
  ports:
    - {name: sidecar-relay, containerPort: {{ int $relay.metricsPort }}, protocol: TCP}
  env:
    {{- include "sidecar.identity" . | nindent 4 }}
    {{- if $relay.sqlite.path }}
    - {name: SIDECAR_OUTBOX_SQLITE, value: {{ $relay.sqlite.path | quote }}}
    {{- else }}
    - {name: SIDECAR_OUTBOX_POSTGRES_FILE, value: {{ printf "/etc/sidecar/outbox/%s" $relay.postgres.key | quote }}}
    {{- end }}
    - {name: SIDECAR_OUTBOX_METRICS_PORT, value: {{ int $relay.metricsPort | toString | quote }}}
    {{- range $name, $value := $relay.settings }}
    - {name: {{ include "sidecar.relay.variable" $name }}, value: {{ include "sidecar.text" $value | quote }}}
    {{- end }}
    {{- with $relay.extraEnv }}
    {{- toYaml . | nindent 4 }}
    {{- end }}
  {{- include "sidecar.probes" (dict "port" "sidecar-relay" "values" $relay) | nindent 2 }}
  terminationMessagePolicy: FallbackToLogsOnError
  resources: {{- toYaml $relay.resources | nindent 4 }}
  securityContext: {{- include "sidecar.securityContext" . | nindent 4 }}
  {{- if or $relay.sqlite.path $relay.postgres.existingSecret $relay.extraVolumeMounts (include "sidecar.kafkaMount" .) }}
  volumeMounts:
    {{- include "sidecar.kafkaMount" . | nindent 4 }}
    {{- if $relay.sqlite.path }}
    - {name: {{ $relay.sqlite.volume | quote }}, mountPath: {{ $relay.sqlite.mountPath | quote }}}
    {{- else }}
    - {name: sidecar-outbox, mountPath: /etc/sidecar/outbox, readOnly: true}
    {{- end }}
    {{- with $relay.extraVolumeMounts }}
    {{- toYaml . | nindent 4 }}
    {{- end }}
  {{- end }}
{{- end -}}

{{/* Who we are and where Kafka is: what both programs read, and nobody may change while they run. */}}
{{- define "sidecar.identity" -}}
{{- $v := include "sidecar.values" . | fromJson -}}
- {name: SIDECAR_NAMESPACE, valueFrom: {fieldRef: {fieldPath: metadata.namespace}}}
- {name: SIDECAR_SERVICE, value: {{ include "sidecar.service" . | quote }}}
- {name: SIDECAR_BOOTSTRAP_SERVERS, value: {{ $v.kafka.bootstrapServers | quote }}}
{{- with $v.kafka.security }}
{{- if ne .protocol "PLAINTEXT" }}
- {name: SIDECAR_KAFKA_SECURITY_PROTOCOL, value: {{ .protocol }}}
{{- with .mechanism }}
- {name: SIDECAR_KAFKA_SASL_MECHANISM, value: {{ . }}}
{{- end }}
{{- if include "sidecar.kafkaMount" $ }}
- {name: SIDECAR_KAFKA_CREDENTIALS, value: /etc/sidecar/kafka}
{{- end }}
{{- end }}
{{- end }}
{{- end -}}

{{/* The mount of the credentials for Kafka; empty: there are none. */}}
{{- define "sidecar.kafkaMount" -}}
{{- if include "sidecar.kafkaSecrets" . | fromJsonArray -}}
- {name: sidecar-kafka, mountPath: /etc/sidecar/kafka, readOnly: true}
{{- end -}}
{{- end -}}

{{/* The sources of the credentials' volume, as a JSON list. The files have the names that the programs know. */}}
{{- define "sidecar.kafkaSecrets" -}}
{{- $s := (include "sidecar.values" . | fromJson).kafka.security -}}
{{- $own := list -}}
{{- if hasPrefix "SASL_" $s.protocol -}}
{{- $own = list (dict "key" $s.usernameKey "path" "username") (dict "key" $s.passwordKey "path" "password") -}}
{{- end -}}
{{- if $s.certKey -}}
{{- $own = concat $own (list (dict "key" $s.certKey "path" "tls.crt") (dict "key" $s.keyKey "path" "tls.key")) -}}
{{- end -}}
{{- $sources := list -}}
{{- if $own -}}
{{- $sources = append $sources (dict "secret" (dict "name" $s.existingSecret "items" $own)) -}}
{{- end -}}
{{- if $s.caSecret -}}
{{- $ca := list (dict "key" $s.caKey "path" "ca.crt") -}}
{{- $sources = append $sources (dict "secret" (dict "name" $s.caSecret "items" $ca)) -}}
{{- end -}}
{{- $sources | toJson -}}
{{- end -}}

{{- define "sidecar.relay.variable" -}}
{{- if has . (list "log-level" "log-format") -}}SIDECAR_{{ . | upper | replace "-" "_" }}
{{- else -}}SIDECAR_OUTBOX_{{ . | upper | replace "-" "_" }}{{- end -}}
{{- end -}}

{{- define "sidecar.probes" -}}
startupProbe: {{- merge (dict "httpGet" (dict "path" "/livez" "port" .port)) .values.startupProbe | toYaml | nindent 2 }}
livenessProbe: {{- merge (dict "httpGet" (dict "path" "/livez" "port" .port)) .values.livenessProbe | toYaml | nindent 2 }}
readinessProbe: {{- merge (dict "httpGet" (dict "path" "/readyz" "port" .port)) .values.readinessProbe | toYaml | nindent 2 }}
{{- end -}}

{{/* Pod Security "restricted". On the container: the pod's own security context is the application's. */}}
{{- define "sidecar.securityContext" -}}
{{- $v := include "sidecar.values" . | fromJson -}}
allowPrivilegeEscalation: false
capabilities: {drop: [ALL]}
privileged: false
readOnlyRootFilesystem: true
runAsNonRoot: true
{{- with $v.securityContext.runAsUser }}
runAsUser: {{ int . }}
{{- end }}
{{- with $v.securityContext.runAsGroup }}
runAsGroup: {{ int . }}
{{- end }}
seccompProfile: {type: RuntimeDefault}
{{- end -}}

{{/*
The volumes of the sidecars, as items of a list. Secrets are readable by all users of the container that mounts them, since
the pod's fsGroup is not ours to set; 292 is 0444.
*/}}
{{- define "sidecar.volumes" -}}
{{- $v := include "sidecar.values" . | fromJson -}}
{{- $volumes := list -}}
{{- if $v.agent.enabled -}}
{{- $item := dict "path" "annotations" "fieldRef" (dict "fieldPath" "metadata.annotations") -}}
{{- $volumes = append $volumes (dict "name" "sidecar-podinfo" "downwardAPI" (dict "items" (list $item))) -}}
{{- end -}}
{{- with include "sidecar.kafkaSecrets" . | fromJsonArray -}}
{{- $volumes = append $volumes (dict "name" "sidecar-kafka" "projected" (dict "defaultMode" 292 "sources" .)) -}}
{{- end -}}
{{- if and $v.relay.enabled $v.relay.postgres.existingSecret -}}
{{- $item := dict "key" $v.relay.postgres.key "path" $v.relay.postgres.key -}}
{{- $secret := dict "secretName" $v.relay.postgres.existingSecret "defaultMode" 292 "items" (list $item) -}}
{{- $volumes = append $volumes (dict "name" "sidecar-outbox" "secret" $secret) -}}
{{- end -}}
{{- if $volumes -}}{{- toYaml $volumes -}}{{- end -}}
{{- end -}}
