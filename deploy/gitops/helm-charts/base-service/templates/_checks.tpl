{{- /* What the API server would refuse and a schema cannot say: relations between values, each with a sentence. */}}

{{- define "base-service.checks" -}}
{{- if gt (len .Release.Name) 53 -}}
{{- fail (printf "The release name %s has %d characters; Helm takes 53. Shorten the name of the tenant or the service." .Release.Name (len .Release.Name)) -}}
{{- end -}}
{{- range $name, $_ := .Values.envValueFrom -}}
{{- if hasKey ($.Values.env | default dict) $name -}}
{{- fail (printf "env.%s: the variable stands in envValueFrom too. Keep one of the two." $name) -}}
{{- end -}}
{{- end -}}
{{- $selected := include "base-service.selectorLabels" . | fromYaml -}}
{{- range $label, $_ := .Values.podLabels -}}
{{- if hasKey $selected $label -}}
{{- fail (printf "podLabels.%s: this label selects the pods of the service and must not be changed. Choose another one." $label) -}}
{{- end -}}
{{- end -}}
{{- include "base-service.checkResources" (dict "place" "resources" "resources" .Values.resources) -}}
{{- include "base-service.checkScaling" . -}}
{{- include "base-service.checkStrategy" . -}}
{{- if not (include "base-service.isWorker" .) -}}
{{- if and .Values.metrics.enabled (eq (int64 .Values.metrics.port) (int64 .Values.service.port)) -}}
{{- fail (printf "metrics.port: %d is service.port already. Choose another port." (int64 .Values.metrics.port)) -}}
{{- end -}}
{{- include "base-service.checkIngresses" . -}}
{{- end -}}
{{- range $name, $_ := .Values.configMaps -}}
{{- if gt (len $name) 253 -}}
{{- fail (printf "configMaps: the name %s has %d characters; Kubernetes takes 253." $name (len $name)) -}}
{{- end -}}
{{- end -}}
{{- include "base-service.checkVolumes" . -}}
{{- include "base-service.checkContainers" . -}}
{{- end }}

{{- define "base-service.checkScaling" -}}
{{- $low := int64 .Values.autoscaling.minReplicas -}}
{{- $high := int64 .Values.autoscaling.maxReplicas -}}
{{- if and .Values.autoscaling.enabled (lt $high $low) -}}
{{- fail (printf "autoscaling.maxReplicas: %d is below minReplicas, %d. Raise it to at least %d." $high $low $low) -}}
{{- end -}}
{{- end }}

{{- define "base-service.checkStrategy" -}}
{{- $rolling := (.Values.strategy | default dict).rollingUpdate | default dict -}}
{{- $strategy := .Values.strategy | default dict -}}
{{- if and (eq (toString $strategy.type) "Recreate") (not (kindIs "invalid" $strategy.rollingUpdate)) -}}
{{- fail "strategy.rollingUpdate: it belongs to the type RollingUpdate, not to Recreate. Remove one of the two." -}}
{{- end -}}
{{- $surge := $rolling.maxSurge | include "base-service.plain" -}}
{{- $unavailable := $rolling.maxUnavailable | include "base-service.plain" -}}
{{- if and (regexMatch "^0+%?$" $surge) (regexMatch "^0+%?$" $unavailable) -}}
{{- fail "strategy.rollingUpdate: maxSurge and maxUnavailable are both zero, so no pod could ever be replaced. Raise one of them, such as maxSurge: 1." -}}
{{- end -}}
{{- end }}

{{- /* Takes (dict "place" .. "resources" ..). */}}
{{- define "base-service.checkResources" -}}
{{- $place := .place -}}
{{- $requests := (.resources | default dict).requests | default dict -}}
{{- $limits := (.resources | default dict).limits | default dict -}}
{{- range $resource, $limit := $limits -}}
{{- if hasKey $requests $resource -}}
{{- $request := get $requests $resource -}}
{{- $asked := include "base-service.amount" $request | float64 -}}
{{- $most := include "base-service.amount" $limit | float64 -}}
{{- if lt $most $asked -}}
{{- fail (printf "%s.limits.%s: %v is below the request of %v. Give at least the request." $place $resource $limit $request) -}}
{{- end -}}
{{- if and (ne $most $asked) (or (contains "/" $resource) (hasPrefix "hugepages-" $resource)) -}}
{{- fail (printf "%s.limits.%s: %v differs from the request of %v. For this resource both are equal." $place $resource $limit $request) -}}
{{- end -}}
{{- end -}}
{{- if hasPrefix "hugepages-" $resource -}}
{{- $pages := divf (include "base-service.amount" $limit | float64) (include "base-service.amount" (trimPrefix "hugepages-" $resource) | float64) -}}
{{- if or (lt $pages 1.0) (ne (floor $pages) $pages) -}}
{{- fail (printf "%s.limits.%s: %v is not a whole number of such pages. Give a multiple of %s." $place $resource $limit (trimPrefix "hugepages-" $resource)) -}}
{{- end -}}
{{- end -}}
{{- end -}}
{{- range $resource, $_ := $requests -}}
{{- if and (or (contains "/" $resource) (hasPrefix "hugepages-" $resource)) (not (hasKey $limits $resource)) -}}
{{- fail (printf "%s.requests.%s: this resource needs a limit of the same amount." $place $resource) -}}
{{- end -}}
{{- end -}}
{{- end }}

{{- define "base-service.checkIngresses" -}}
{{- $names := dict -}}
{{- range $index, $ingress := .Values.extraIngresses -}}
{{- $name := $ingress.name | default (printf "extra-%d" $index) -}}
{{- if hasKey $names $name -}}
{{- fail (printf "extraIngresses[%d].name: %s is the name of another one. Give each its own." $index $name) -}}
{{- end -}}
{{- $_ := set $names $name true -}}
{{- end -}}
{{- end }}

{{- define "base-service.checkVolumes" -}}
{{- $volumes := dict -}}
{{- range $volume := include "base-service.volumes" . | fromYamlArray -}}
{{- if hasKey $volumes $volume.name -}}
{{- fail (printf "extraVolumes: the name %s is taken by another volume. Give each its own." $volume.name) -}}
{{- end -}}
{{- $_ := set $volumes $volume.name true -}}
{{- end -}}
{{- $mounts := include "base-service.volumeMounts" . | fromYamlArray -}}
{{- include "base-service.checkMounts" (dict "place" "extraVolumeMounts" "mounts" $mounts "volumes" $volumes) -}}
{{- range $group := list "initContainers" "extraContainers" -}}
{{- range $index, $container := get $.Values $group | default list -}}
{{- $place := printf "%s[%d].volumeMounts" $group $index -}}
{{- include "base-service.checkMounts" (dict "place" $place "mounts" $container.volumeMounts "volumes" $volumes) -}}
{{- end -}}
{{- end -}}
{{- end }}

{{- /* Takes (dict "place" .. "mounts" .. "volumes" ..). */}}
{{- define "base-service.checkMounts" -}}
{{- $place := .place -}}
{{- $volumes := .volumes -}}
{{- $paths := dict -}}
{{- range $mount := .mounts -}}
{{- if not (hasKey $volumes $mount.name) -}}
{{- fail (printf "%s: there is no volume %s. Name one of persistence or extraVolumes." $place $mount.name) -}}
{{- end -}}
{{- if hasKey $paths $mount.mountPath -}}
{{- fail (printf "%s: two volumes are mounted at %s. Give each its own mountPath." $place $mount.mountPath) -}}
{{- end -}}
{{- $_ := set $paths $mount.mountPath true -}}
{{- end -}}
{{- end }}

{{- /* Takes (dict "place" .. "context" ..). */}}
{{- define "base-service.checkSecurity" -}}
{{- $context := .context | default dict -}}
{{- $added := ($context.capabilities | default dict).add | default list -}}
{{- $isMighty := or (eq (toString $context.privileged) "true") (has "SYS_ADMIN" $added) (has "CAP_SYS_ADMIN" $added) -}}
{{- if and $isMighty (eq (toString $context.allowPrivilegeEscalation) "false") -}}
{{- fail (printf "%s.allowPrivilegeEscalation: false contradicts privileged: true and the capability SYS_ADMIN. Remove one of them." .place) -}}
{{- end -}}
{{- end }}

{{- define "base-service.checkContainers" -}}
{{- include "base-service.checkSecurity" (dict "place" "containerSecurityContext" "context" .Values.containerSecurityContext) -}}
{{- $names := dict "base-service" true -}}
{{- range $group := list "initContainers" "extraContainers" -}}
{{- range $index, $container := get $.Values $group | default list -}}
{{- $place := printf "%s[%d]" $group $index -}}
{{- if hasKey $names $container.name -}}
{{- fail (printf "%s.name: %s is the name of another container. Give each its own." $place $container.name) -}}
{{- end -}}
{{- $_ := set $names $container.name true -}}
{{- include "base-service.checkResources" (dict "place" (printf "%s.resources" $place) "resources" $container.resources) -}}
{{- include "base-service.checkSecurity" (dict "place" (printf "%s.securityContext" $place) "context" $container.securityContext) -}}
{{- $variables := dict -}}
{{- range $variable := $container.env -}}
{{- if hasKey $variables $variable.name -}}
{{- fail (printf "%s.env: %s is set twice. Keep one of the two." $place $variable.name) -}}
{{- end -}}
{{- $_ := set $variables $variable.name true -}}
{{- end -}}
{{- end -}}
{{- end -}}
{{- end }}
