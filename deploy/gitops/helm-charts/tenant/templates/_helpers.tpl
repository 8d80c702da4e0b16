{{- define "tenant.name" -}}
{{- required "tenant.name is missing." .Values.tenant.name -}}
{{- end }}

{{- define "tenant.labels" -}}
app.kubernetes.io/name: tenant
app.kubernetes.io/instance: {{ .Release.Name | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version }}
mctl.me/tenant: {{ include "tenant.name" . | quote }}
{{- end }}

{{- /* The namespaces of this tenant: YAML list of {name, quotas, labels}. */}}
{{- define "tenant.namespaces" -}}
{{- $tenant := .Values.tenant -}}
{{- $name := include "tenant.name" . -}}
{{- $namespaces := list (dict "name" $name "quotas" $tenant.quotas "labels" dict) -}}
{{- range $team := $tenant.teams -}}
{{- $labels := dict "mctl.me/team" $team.name -}}
{{- $namespaces = append $namespaces (dict "name" (printf "%s-%s" $name $team.name) "quotas" $tenant.quotas "labels" $labels) -}}
{{- end -}}
{{- if $tenant.preview.enabled -}}
{{- $labels := dict "mctl.me/preview" "true" -}}
{{- $namespaces = append $namespaces (dict "name" (printf "%s-preview" $name) "quotas" $tenant.preview.quotas "labels" $labels) -}}
{{- end -}}
{{- toYaml $namespaces -}}
{{- end }}

{{- /* A single value as plain text; whole numbers keep their digits. */}}
{{- define "tenant.plain" -}}
{{- if and (kindIs "float64" .) (eq (floor .) .) (lt . 1e15) (gt . -1e15) -}}
{{- printf "%.0f" . -}}
{{- else if not (kindIs "invalid" .) -}}
{{- toString . -}}
{{- end -}}
{{- end }}

{{- /* A quantity as a number in its base unit: 500m is 0.5. */}}
{{- define "tenant.amount" -}}
{{- $text := include "tenant.plain" . | trimPrefix "+" -}}
{{- $number := regexFind "^[0-9.]+([eE][+-]?[0-9]+)?" $text -}}
{{- $small := dict "n" 0.000000001 "u" 0.000001 "m" 0.001 -}}
{{- $decimal := dict "k" 1e3 "M" 1e6 "G" 1e9 "T" 1e12 "P" 1e15 "E" 1e18 -}}
{{- $binary := dict "Ki" 1024.0 "Mi" 1048576.0 "Gi" 1073741824.0 "Ti" 1099511627776.0 "Pi" 1125899906842624.0 "Ei" 1152921504606846976.0 -}}
{{- $scale := get (merge $small $decimal $binary) (trimPrefix $number $text) | default 1.0 -}}
{{- printf "%.9f" (mulf (float64 $number) $scale) -}}
{{- end }}
