{{- define "base-service.fullname" -}}
{{- printf "%s-base-service" .Release.Name | trunc 63 | trimSuffix "-" -}}
{{- end }}

{{- define "base-service.selectorLabels" -}}
app.kubernetes.io/name: base-service
app.kubernetes.io/instance: {{ .Release.Name | quote }}
{{- end }}

{{- define "base-service.labels" -}}
{{ include "base-service.selectorLabels" . }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version }}
team: {{ trimSuffix "-preview" .Release.Namespace | quote }}
env: {{ ternary "preview" "apps" (hasSuffix "-preview" .Release.Namespace) }}
{{- with (.Values.backstage | default dict).kubernetesId }}
backstage.io/kubernetes-id: {{ . | quote }}
{{- end }}
{{- end }}

{{- define "base-service.isWorker" -}}
{{- if eq .Values.componentType "worker-service" }}true{{ end -}}
{{- end }}

{{- define "base-service.workloadKind" -}}
{{- if .Values.blueGreen.enabled }}Rollout{{ else }}Deployment{{ end -}}
{{- end }}

{{- /* A single value as plain text. Whole numbers keep their digits: Helm reads 1000000 as a float and would print 1e+06. */}}
{{- define "base-service.plain" -}}
{{- if and (kindIs "float64" .) (eq (floor .) .) (lt . 1e15) (gt . -1e15) -}}
{{- printf "%.0f" . -}}
{{- else if not (kindIs "invalid" .) -}}
{{- toString . -}}
{{- end -}}
{{- end }}

{{- /* A value as quoted text. */}}
{{- define "base-service.text" -}}
{{- if or (kindIs "map" .) (kindIs "slice" .) -}}
{{- toJson . | quote -}}
{{- else if kindIs "string" . -}}
{{- toJson . -}}
{{- else -}}
{{- include "base-service.plain" . | quote -}}
{{- end -}}
{{- end }}

{{- define "base-service.image" -}}
{{- $repository := required "image.repository is missing: name the image, such as ghcr.io/acme/shop." .Values.image.repository -}}
{{- $tag := include "base-service.plain" (required "image.tag is missing: pin a tag such as 1.4.2, or a digest sha256:..." .Values.image.tag) -}}
{{- if hasPrefix "sha256:" $tag -}}
{{- printf "%s@%s" $repository $tag -}}
{{- else -}}
{{- printf "%s:%s" $repository $tag -}}
{{- end -}}
{{- end }}

{{- /* One probe. Takes (dict "probe" .. "port" .. "worker" ..); prints nothing where there is nothing to ask. */}}
{{- define "base-service.probe" -}}
{{- $probe := .probe -}}
{{- $handler := dict -}}
{{- if hasKey $probe "exec" }}{{ $_ := set $handler "exec" $probe.exec }}
{{- else if hasKey $probe "tcpSocket" }}{{ $_ := set $handler "tcpSocket" $probe.tcpSocket }}
{{- else if hasKey $probe "grpc" }}{{ $_ := set $handler "grpc" $probe.grpc }}
{{- else if hasKey $probe "httpGet" }}{{ $_ := set $handler "httpGet" (merge (dict) $probe.httpGet (dict "port" "http")) }}
{{- else if $probe.path }}{{ $_ := set $handler "httpGet" (dict "path" $probe.path "port" ($probe.port | default "http")) }}
{{- end -}}
{{- $asksHttpPort := eq (toString (dig "httpGet" "port" "" $handler)) "http" -}}
{{- if and $handler (not (and .worker $asksHttpPort)) -}}
{{- toYaml (merge $handler (omit $probe "path" "port" "exec" "tcpSocket" "grpc" "httpGet")) -}}
{{- end -}}
{{- end }}

{{- define "base-service.probes" -}}
{{- $worker := include "base-service.isWorker" . -}}
{{- $startup := dict "initialDelaySeconds" 5 "periodSeconds" 10 "failureThreshold" 30 -}}
{{- range $name := list "liveness" "readiness" "startup" }}
{{- $probe := get ($.Values.probes | default dict) $name }}
{{- if $probe }}
{{- if eq $name "startup" }}{{ $probe = merge (dict) $probe $startup }}{{ end }}
{{- with include "base-service.probe" (dict "probe" $probe "worker" $worker) }}
{{ $name }}Probe:
  {{- . | nindent 2 }}
{{- end }}
{{- end }}
{{- end }}
{{- end }}
