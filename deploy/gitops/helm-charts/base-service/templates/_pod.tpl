{{- define "base-service.podTemplate" -}}
metadata:
  labels:
    {{- $labels := include "base-service.labels" . | fromYaml }}
    {{- range $key, $value := .Values.podLabels }}{{ $_ := set $labels $key (include "base-service.plain" $value) }}{{ end }}
    {{- toYaml $labels | nindent 4 }}
  {{- if or .Values.podAnnotations .Values.configMaps }}
  annotations:
    {{- range $name, $content := .Values.configMaps }}
    {{- /* The part behind the slash may have 63 characters; a long name is told apart by its hash. */}}
    {{- $key := gt (len $name) 56 | ternary (printf "%s-%s" (trunc 45 $name) (sha256sum $name | trunc 10)) $name }}
    checksum/config-{{ $key }}: {{ toJson $content | sha256sum | quote }}
    {{- end }}
    {{- range $key, $value := .Values.podAnnotations }}
    {{ $key | quote }}: {{ include "base-service.text" $value }}
    {{- end }}
  {{- end }}
spec:
  {{- with .Values.imagePullSecrets }}
  imagePullSecrets:
    {{- toYaml . | nindent 4 }}
  {{- end }}
  {{- if or .Values.serviceAccount.create .Values.serviceAccount.name }}
  serviceAccountName: {{ .Values.serviceAccount.name | default (include "base-service.fullname" .) | quote }}
  {{- end }}
  {{- if kindIs "bool" .Values.automountServiceAccountToken }}
  automountServiceAccountToken: {{ .Values.automountServiceAccountToken }}
  {{- end }}
  {{- if not (kindIs "invalid" .Values.terminationGracePeriodSeconds) }}
  terminationGracePeriodSeconds: {{ int64 .Values.terminationGracePeriodSeconds }}
  {{- end }}
  securityContext:
    {{- include "base-service.podSecurityContext" .Values.podSecurityContext | nindent 4 }}
  {{- with .Values.initContainers }}
  initContainers:
    {{- include "base-service.otherContainers" (dict "root" $ "containers" .) | nindent 4 }}
  {{- end }}
  containers:
    - name: base-service
      {{- include "base-service.container" . | nindent 6 }}
    {{- with .Values.extraContainers }}
    {{- include "base-service.otherContainers" (dict "root" $ "containers" .) | nindent 4 }}
    {{- end }}
  {{- $volumes := include "base-service.volumes" . | fromYamlArray }}
  {{- with $volumes }}
  volumes:
    {{- toYaml . | nindent 4 }}
  {{- end }}
  {{- with .Values.nodeSelector }}
  nodeSelector:
    {{- include "base-service.textMap" . | nindent 4 }}
  {{- end }}
  {{- with .Values.affinity }}
  affinity:
    {{- toYaml . | nindent 4 }}
  {{- end }}
  {{- with .Values.tolerations }}
  tolerations:
    {{- range $toleration := . }}
    {{- $toleration = deepCopy $toleration }}
    {{- if hasKey $toleration "value" }}{{ $_ := set $toleration "value" (include "base-service.plain" $toleration.value) }}{{ end }}
    - {{ toYaml $toleration | nindent 6 | trim }}
    {{- end }}
  {{- end }}
{{- end }}

{{- /* Containers that the values write out. Takes (dict "root" .. "containers" ..). */}}
{{- define "base-service.otherContainers" -}}
{{- $root := .root -}}
{{- $containers := list -}}
{{- range $container := .containers -}}
{{- $container = deepCopy $container -}}
{{- range $key := list "command" "args" -}}
{{- with get $container $key }}{{ $_ := set $container $key (include "base-service.texts" . | fromYamlArray) }}{{ end -}}
{{- end -}}
{{- range $variable := $container.env -}}
{{- if hasKey $variable "value" }}{{ $_ := set $variable "value" (include "base-service.plain" $variable.value) }}{{ end -}}
{{- end -}}
{{- $context := dict "own" $container.securityContext "pod" $root.Values.podSecurityContext -}}
{{- $_ := set $container "securityContext" (include "base-service.containerSecurityContext" $context | fromYaml) -}}
{{- $containers = append $containers $container -}}
{{- end -}}
{{- toYaml $containers -}}
{{- end }}

{{- define "base-service.container" -}}
image: {{ include "base-service.image" . | quote }}
{{- with .Values.image.pullPolicy }}
imagePullPolicy: {{ . }}
{{- end }}
{{- with .Values.command }}
command:
  {{- include "base-service.texts" . | trim | nindent 2 }}
{{- end }}
{{- with .Values.args }}
args:
  {{- include "base-service.texts" . | trim | nindent 2 }}
{{- end }}
{{- if or .Values.env .Values.envValueFrom }}
env:
  {{- range $name, $value := .Values.env }}
  - name: {{ $name | quote }}
    value: {{ include "base-service.text" $value }}
  {{- end }}
  {{- range $name, $source := .Values.envValueFrom }}
  - name: {{ $name | quote }}
    valueFrom:
      {{- toYaml $source | nindent 6 }}
  {{- end }}
{{- end }}
{{- with .Values.envFrom }}
envFrom:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- if or (not (include "base-service.isWorker" .)) .Values.metrics.enabled }}
ports:
  {{- if not (include "base-service.isWorker" .) }}
  - name: http
    containerPort: {{ int64 .Values.service.port }}
    protocol: TCP
  {{- end }}
  {{- if .Values.metrics.enabled }}
  - name: metrics
    containerPort: {{ int64 .Values.metrics.port }}
    protocol: TCP
  {{- end }}
{{- end }}
{{- include "base-service.probes" . }}
{{- with .Values.resources }}
resources:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- $context := dict "own" .Values.containerSecurityContext "pod" .Values.podSecurityContext }}
securityContext:
  {{- include "base-service.containerSecurityContext" $context | nindent 2 }}
{{- $mounts := include "base-service.volumeMounts" . | fromYamlArray }}
{{- with $mounts }}
volumeMounts:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- end }}

{{- define "base-service.volumes" -}}
{{- range $name, $claim := .Values.persistence }}
{{- if ne (toString $claim.enabled) "false" }}
- name: {{ $name | quote }}
  persistentVolumeClaim:
    claimName: {{ include "base-service.fullname" $ }}-{{ $name }}
{{- end }}
{{- end }}
{{- with .Values.extraVolumes }}
{{ toYaml . }}
{{- end }}
{{- end }}

{{- define "base-service.volumeMounts" -}}
{{- range $name, $claim := .Values.persistence }}
{{- if and (ne (toString $claim.enabled) "false") $claim.mountPath }}
- name: {{ $name | quote }}
  mountPath: {{ $claim.mountPath | quote }}
{{- end }}
{{- end }}
{{- with .Values.extraVolumeMounts }}
{{ toYaml . }}
{{- end }}
{{- end }}
