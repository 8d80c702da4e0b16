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
