{{- define "sidecar.podMonitor" -}}
{{- $v := include "sidecar.values" . | fromJson -}}
{{- if and $v.metrics.podMonitor.enabled (or $v.agent.enabled $v.relay.enabled) -}}
apiVersion: monitoring.coreos.com/v1
kind: PodMonitor
metadata:
  name: {{ include "sidecar.objectName" . }}
  labels:
    {{- include "sidecar.labels" . | nindent 4 }}
    {{- with $v.metrics.podMonitor.labels }}
    {{- toYaml . | nindent 4 }}
    {{- end }}
spec:
  selector:
    matchLabels: {{- include "sidecar.selectorLabels" . | nindent 6 }}
  podMetricsEndpoints:
    {{- $ports := list -}}
    {{- if $v.agent.enabled -}}{{- $ports = append $ports "sidecar-agent" -}}{{- end -}}
    {{- if $v.relay.enabled -}}{{- $ports = append $ports "sidecar-relay" -}}{{- end -}}
    {{- range $ports }}
    - port: {{ . }}
      path: /metrics
      interval: {{ $v.metrics.podMonitor.interval }}
      scrapeTimeout: {{ $v.metrics.podMonitor.scrapeTimeout }}
    {{- end }}
{{- end -}}
{{- end -}}

{{- define "sidecar.objectName" -}}
{{- printf "%s-sidecar" (include "sidecar.fullname" . | trunc 55 | trimSuffix "-") -}}
{{- end -}}

{{/* Prometheus Operator names the job after the PodMonitor. */}}
{{- define "sidecar.seriesSelector" -}}
{{- $v := include "sidecar.values" . | fromJson -}}
{{- default (printf "job=\"%s/%s\"" .Release.Namespace (include "sidecar.objectName" .)) $v.metrics.rules.selector -}}
{{- end -}}

{{/*
The alerts stand in files/, in Prometheus' own syntax, whose braces are not ours: words in capitals between @ are replaced.
*/}}
{{- define "sidecar.prometheusRule" -}}
{{- $v := include "sidecar.values" . | fromJson -}}
{{- if and $v.metrics.rules.enabled (or $v.agent.enabled $v.relay.enabled) -}}
{{- $files := (index .Subcharts (include "sidecar.alias" .)).Files -}}
{{- $text := "" -}}
{{- if $v.agent.enabled -}}{{- $text = $files.Get "files/agent-alerts.yaml" -}}{{- end -}}
{{- if $v.relay.enabled -}}{{- $text = printf "%s%s" $text ($files.Get "files/relay-alerts.yaml") -}}{{- end -}}
apiVersion: monitoring.coreos.com/v1
kind: PrometheusRule
metadata:
  name: {{ include "sidecar.objectName" . }}
  labels:
    {{- include "sidecar.labels" . | nindent 4 }}
    {{- with $v.metrics.rules.labels }}
    {{- toYaml . | nindent 4 }}
    {{- end }}
spec:
  groups:
    {{- $text | replace "@SERIES@" (include "sidecar.seriesSelector" .) | replace "@LAG_SECONDS@" (int $v.metrics.rules.lagSeconds | toString)
      | replace "@RUNBOOK@" $v.metrics.rules.runbookUrl | replace "@SERVICE@" (include "sidecar.service" .)
      | replace "@NAMESPACE@" .Release.Namespace | trim | nindent 4 }}
{{- end -}}
{{- end -}}

{{- define "sidecar.dashboard" -}}
{{- $v := include "sidecar.values" . | fromJson -}}
{{- if $v.metrics.dashboard.enabled -}}
apiVersion: v1
kind: ConfigMap
metadata:
  name: {{ include "sidecar.objectName" . }}-dashboard
  labels:
    {{- include "sidecar.labels" . | nindent 4 }}
    {{- with $v.metrics.dashboard.labels }}
    {{- toYaml . | nindent 4 }}
    {{- end }}
  {{- with $v.metrics.dashboard.annotations }}
  annotations: {{- toYaml . | nindent 4 }}
  {{- end }}
data:
  sidecar.json: |
    {{- (index .Subcharts (include "sidecar.alias" .)).Files.Get "files/dashboard.json" | nindent 4 }}
{{- end -}}
{{- end -}}
