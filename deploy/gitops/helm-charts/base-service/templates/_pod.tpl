{{- define "base-service.podTemplate" -}}
metadata:
  labels:
    {{- include "base-service.labels" . | nindent 4 }}
    {{- with .Values.podLabels }}
    {{- toYaml . | nindent 4 }}
    {{- end }}
  {{- if or .Values.podAnnotations .Values.configMaps }}
  annotations:
    {{- range $name, $content := .Values.configMaps }}
    checksum/config-{{ $name }}: {{ toJson $content | sha256sum | quote }}
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
  serviceAccountName: {{ .Values.serviceAccount.name | default (include "base-service.fullname" .) }}
  {{- end }}
  {{- if kindIs "bool" .Values.automountServiceAccountToken }}
  automountServiceAccountToken: {{ .Values.automountServiceAccountToken }}
  {{- end }}
  {{- with .Values.terminationGracePeriodSeconds }}
  terminationGracePeriodSeconds: {{ int64 . }}
  {{- end }}
  {{- with .Values.podSecurityContext }}
  securityContext:
    {{- toYaml . | nindent 4 }}
  {{- end }}
  {{- with .Values.initContainers }}
  initContainers:
    {{- toYaml . | nindent 4 }}
  {{- end }}
  containers:
    - name: base-service
      {{- include "base-service.container" . | nindent 6 }}
    {{- with .Values.extraContainers }}
    {{- toYaml . | nindent 4 }}
    {{- end }}
  {{- $volumes := include "base-service.volumes" . | fromYamlArray }}
  {{- with $volumes }}
  volumes:
    {{- toYaml . | nindent 4 }}
  {{- end }}
  {{- range $key := list "nodeSelector" "affinity" "tolerations" }}
  {{- with get $.Values $key }}
  {{ $key }}:
    {{- toYaml . | nindent 4 }}
  {{- end }}
  {{- end }}
{{- end }}

{{- define "base-service.container" -}}
image: {{ include "base-service.image" . | quote }}
imagePullPolicy: {{ .Values.image.pullPolicy }}
{{- with .Values.command }}
command:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .Values.args }}
args:
  {{- toYaml . | nindent 2 }}
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
{{- with .Values.containerSecurityContext }}
securityContext:
  {{- toYaml . | nindent 2 }}
{{- end }}
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
