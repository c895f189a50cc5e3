{{- define "sidecar.scaledObject" -}}
{{- $v := include "sidecar.values" . | fromJson -}}
{{- if and $v.autoscaling.enabled $v.agent.enabled -}}
{{- $group := include "sidecar.group" . -}}
apiVersion: keda.sh/v1alpha1
kind: ScaledObject
metadata:
  name: {{ include "sidecar.objectName" . }}
  labels: {{- include "sidecar.labels" . | nindent 4 }}
spec:
  scaleTargetRef:
    name: {{ default (include "sidecar.fullname" .) $v.autoscaling.targetName | quote }}
  minReplicaCount: {{ int $v.autoscaling.minReplicas }}
  maxReplicaCount: {{ int $v.autoscaling.maxReplicas }}
  pollingInterval: {{ int $v.autoscaling.pollingInterval }}
  cooldownPeriod: {{ int $v.autoscaling.cooldownPeriod }}
  triggers:
    {{- range $name, $topics := include "sidecar.topics" . | fromJson }}
    {{- range $topics }}
    - type: kafka
      metadata:
        bootstrapServers: {{ $v.kafka.bootstrapServers | quote }}
        consumerGroup: {{ $group | quote }}
        topic: {{ . | quote }}
        lagThreshold: {{ int $v.autoscaling.lagThreshold | toString | quote }}
        offsetResetPolicy: earliest
        # A partition that stands keeps its lag: more replicas would not help it.
        excludePersistentLag: "true"
        {{- if has $v.kafka.security.protocol (list "SSL" "SASL_SSL") }}
        tls: enable
        {{- end }}
      {{- with $v.autoscaling.authenticationRef }}
      authenticationRef: {name: {{ . | quote }}}
      {{- end }}
    {{- end }}
    {{- end }}
{{- end -}}
{{- end -}}
