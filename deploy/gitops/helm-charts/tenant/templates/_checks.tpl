{{- /* What the API server would refuse and a schema cannot say: relations between values, each with a sentence. */}}

{{- define "tenant.checks" -}}
{{- $tenant := .Values.tenant -}}
{{- $names := dict -}}
{{- range $namespace := include "tenant.namespaces" . | fromYamlArray -}}
{{- if gt (len $namespace.name) 63 -}}
{{- fail (printf "tenant.teams: the namespace %s has %d characters; Kubernetes takes 63. Choose a shorter name." $namespace.name (len $namespace.name)) -}}
{{- end -}}
{{- if hasKey $names $namespace.name -}}
{{- fail (printf "tenant.teams: two namespaces would be called %s. Choose another name for the team." $namespace.name) -}}
{{- end -}}
{{- $_ := set $names $namespace.name true -}}
{{- end -}}
{{- with $tenant.limitRange -}}
{{- if .enabled -}}
{{- include "tenant.checkOrder" (dict "low" "defaultRequest" "high" "default" "limits" .) -}}
{{- include "tenant.checkOrder" (dict "low" "default" "high" "max" "limits" .) -}}
{{- include "tenant.checkOrder" (dict "low" "defaultRequest" "high" "max" "limits" .) -}}
{{- end -}}
{{- end -}}
{{- end }}

{{- /* Takes (dict "low" .. "high" .. "limits" ..): the keys of limitRange to compare. */}}
{{- define "tenant.checkOrder" -}}
{{- $low := .low -}}
{{- $high := .high -}}
{{- $most := index .limits $high | default dict -}}
{{- range $resource, $amount := index .limits $low -}}
{{- if hasKey $most $resource -}}
{{- $limit := index $most $resource -}}
{{- if gt (include "tenant.amount" $amount | float64) (include "tenant.amount" $limit | float64) -}}
{{- fail (printf "tenant.limitRange.%s.%s: %v is above limitRange.%s, %v. Raise that one too, or lower this one." $low $resource $amount $high $limit) -}}
{{- end -}}
{{- end -}}
{{- end -}}
{{- end }}
