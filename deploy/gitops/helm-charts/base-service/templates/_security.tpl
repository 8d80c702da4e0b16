{{- /*
Security contexts: what the values say, filled up to the Pod Security level "restricted" where they say nothing.
A context that asks for root keeps what root needs.
*/}}

{{- /* Takes a context; prints the pod's. */}}
{{- define "base-service.podSecurityContext" -}}
{{- $context := deepCopy (. | default dict) -}}
{{- if kindIs "invalid" $context.runAsNonRoot -}}
{{- $_ := set $context "runAsNonRoot" (ne (toString $context.runAsUser) "0") -}}
{{- end -}}
{{- if kindIs "invalid" $context.seccompProfile -}}
{{- $_ := set $context "seccompProfile" (dict "type" "RuntimeDefault") -}}
{{- end -}}
{{- toYaml $context -}}
{{- end }}

{{- /* Takes (dict "own" .. "pod" ..): a container's context and the pod's, as the values say them. */}}
{{- define "base-service.containerSecurityContext" -}}
{{- $context := deepCopy (.own | default dict) -}}
{{- $pod := .pod | default dict -}}
{{- $user := include "base-service.said" (dict "key" "runAsUser" "own" $context "pod" $pod) -}}
{{- $nonRoot := include "base-service.said" (dict "key" "runAsNonRoot" "own" $context "pod" $pod) -}}
{{- $isPrivileged := eq (toString $context.privileged) "true" -}}
{{- $asksForRoot := or (and (eq $user "0") (ne $nonRoot "true")) (and (not $user) (eq $nonRoot "false")) (and $isPrivileged (not $user) (not $nonRoot)) -}}
{{- if $asksForRoot -}}
{{- if kindIs "invalid" $context.runAsNonRoot }}{{ $_ := set $context "runAsNonRoot" false }}{{ end -}}
{{- else if not $isPrivileged -}}
{{- $capabilities := $context.capabilities | default dict -}}
{{- $added := $capabilities.add | default list -}}
{{- $isMighty := or (has "SYS_ADMIN" $added) (has "CAP_SYS_ADMIN" $added) -}}
{{- if and (kindIs "invalid" $context.allowPrivilegeEscalation) (not $isMighty) -}}
{{- $_ := set $context "allowPrivilegeEscalation" false -}}
{{- end -}}
{{- if kindIs "invalid" $capabilities.drop -}}
{{- $_ := set $context "capabilities" (merge (dict "drop" (list "ALL")) $capabilities) -}}
{{- end -}}
{{- end -}}
{{- toYaml $context -}}
{{- end }}

{{- /* The container's word for a key, else the pod's; nothing where neither says it. */}}
{{- define "base-service.said" -}}
{{- $own := index .own .key -}}
{{- $pod := index .pod .key -}}
{{- if not (kindIs "invalid" $own) }}{{ toString $own }}{{ else if not (kindIs "invalid" $pod) }}{{ toString $pod }}{{ end -}}
{{- end }}
