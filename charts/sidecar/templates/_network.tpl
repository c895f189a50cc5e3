{{- define "sidecar.networkPolicy" -}}
{{- $v := include "sidecar.values" . | fromJson -}}
{{- if and $v.networkPolicy.enabled (or $v.agent.enabled $v.relay.enabled) -}}
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata:
  name: {{ include "sidecar.objectName" . }}
  labels: {{- include "sidecar.labels" . | nindent 4 }}
spec:
  podSelector:
    matchLabels: {{- include "sidecar.selectorLabels" . | nindent 6 }}
  policyTypes: [Ingress, Egress]
  ingress:
    - from:
        - namespaceSelector:
            matchLabels: {{- toYaml $v.networkPolicy.monitoringNamespaceLabels | nindent 14 }}
      ports:
        {{- if $v.agent.enabled }}
        - {protocol: TCP, port: {{ int $v.agent.metricsPort }}}
        {{- end }}
        {{- if $v.relay.enabled }}
        - {protocol: TCP, port: {{ int $v.relay.metricsPort }}}
        {{- end }}
    {{- with $v.networkPolicy.ingress }}
    {{- toYaml . | nindent 4 }}
    {{- end }}
  egress:
    - ports: # name resolution
        - {protocol: UDP, port: 53}
        - {protocol: TCP, port: 53}
    - ports: # Kafka
        {{- range include "sidecar.kafkaPorts" . | fromJsonArray }}
        - {protocol: TCP, port: {{ int . }}}
        {{- end }}
      {{- with $v.networkPolicy.kafkaPeers }}
      to: {{- toYaml . | nindent 8 }}
      {{- end }}
    {{- if and $v.relay.enabled $v.relay.postgres.existingSecret }}
    - ports: # the relay's database
        - {protocol: TCP, port: {{ int $v.networkPolicy.postgresPort }}}
    {{- end }}
    {{- with $v.networkPolicy.egress }}
    {{- toYaml . | nindent 4 }}
    {{- end }}
{{- end -}}
{{- end -}}

{{/* The ports in kafka.bootstrapServers, each once, as JSON. */}}
{{- define "sidecar.kafkaPorts" -}}
{{- $v := include "sidecar.values" . | fromJson -}}
{{- $ports := list -}}
{{- range splitList "," $v.kafka.bootstrapServers -}}{{- $ports = append $ports (trim . | splitList ":" | last | int) -}}{{- end -}}
{{- $ports | uniq | toJson -}}
{{- end -}}
