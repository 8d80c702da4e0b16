{{- define "base-service.fullname" -}}
{{- printf "%s-base-service" .Release.Name | trunc 63 | trimSuffix "-" -}}
{{- end }}

{{- /* The full name and a suffix in the 63 characters of a Service or Job. The release stays whole, so it is unique. */}}
{{- define "base-service.suffixed" -}}
{{- $room := sub 63 (len .suffix) | int -}}
{{- printf "%s%s" (include "base-service.fullname" .root | trunc $room | trimSuffix "-") .suffix -}}
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
backstage.io/kubernetes-id: {{ include "base-service.text" . }}
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

{{- /* A list of texts. */}}
{{- define "base-service.texts" -}}
{{- range . }}
- {{ include "base-service.text" . }}
{{- end }}
{{- end }}

{{- /* A mapping whose values are texts: labels, annotations, a node selector. */}}
{{- define "base-service.textMap" -}}
{{- $texts := dict -}}
{{- range $key, $value := . }}{{ $_ := set $texts $key (include "base-service.plain" $value) }}{{ end -}}
{{- toYaml $texts -}}
{{- end }}

{{- /* A quantity as a number in its base unit: 500m is 0.5. */}}
{{- define "base-service.amount" -}}
{{- $text := include "base-service.plain" . | trimPrefix "+" -}}
{{- $number := regexFind "^[0-9.]+([eE][+-]?[0-9]+)?" $text -}}
{{- $small := dict "n" 0.000000001 "u" 0.000001 "m" 0.001 -}}
{{- $decimal := dict "k" 1e3 "M" 1e6 "G" 1e9 "T" 1e12 "P" 1e15 "E" 1e18 -}}
{{- $binary := dict "Ki" 1024.0 "Mi" 1048576.0 "Gi" 1073741824.0 "Ti" 1099511627776.0 "Pi" 1125899906842624.0 "Ei" 1152921504606846976.0 -}}
{{- $scale := get (merge $small $decimal $binary) (trimPrefix $number $text) | default 1.0 -}}
{{- printf "%.9f" (mulf (float64 $number) $scale) -}}
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
{{- if hasKey $probe "exec" }}
{{- $_ := set $handler "exec" (dict "command" (include "base-service.texts" $probe.exec.command | fromYamlArray)) }}
{{- else if hasKey $probe "tcpSocket" }}{{ $_ := set $handler "tcpSocket" $probe.tcpSocket }}
{{- else if hasKey $probe "grpc" }}{{ $_ := set $handler "grpc" $probe.grpc }}
{{- else if hasKey $probe "httpGet" }}{{ $_ := set $handler "httpGet" (merge (dict) $probe.httpGet (dict "port" "http" "path" "/")) }}
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
