{{- /*
Addresses of nodes as blocks of IPv4. The API server takes an exception of a block only strictly within it, so a node's
address goes to the private block that holds it, and to the exceptions of the internet where no private block does.
*/}}

{{- /* "10.1.2.3" or "10.1.2.0/24" as JSON: first and size of the block as numbers, and its text. */}}
{{- define "tenant.block" -}}
{{- $parts := splitList "/" . -}}
{{- $length := len $parts | eq 2 | ternary (last $parts) "32" | int64 -}}
{{- $number := 0 -}}
{{- range splitList "." (first $parts) }}{{ $number = add (mul $number 256) (int64 .) }}{{ end -}}
{{- $size := 1 -}}
{{- range until (sub 32 $length | int) }}{{ $size = mul $size 2 }}{{ end -}}
{{- $first := sub $number (mod $number $size) -}}
{{- $a := div $first 16777216 -}}
{{- $b := mod (div $first 65536) 256 -}}
{{- $c := mod (div $first 256) 256 -}}
{{- $text := printf "%d.%d.%d.%d/%d" $a $b $c (mod $first 256) $length -}}
{{- dict "first" $first "size" $size "text" $text | toJson -}}
{{- end }}

{{- /* Whether block "inner" lies in block "outer", or is it. Both are texts. */}}
{{- define "tenant.lies" -}}
{{- $inner := include "tenant.block" .inner | fromJson -}}
{{- $outer := include "tenant.block" .outer | fromJson -}}
{{- $starts := ge $inner.first $outer.first -}}
{{- if and $starts (le (addf $inner.first $inner.size) (addf $outer.first $outer.size)) }}true{{ end -}}
{{- end }}

{{- /* The nodes' blocks strictly within a block, as a YAML list; "all" where one of them covers it. */}}
{{- define "tenant.exceptions" -}}
{{- $block := .block -}}
{{- $within := list -}}
{{- $isCovered := false -}}
{{- range .addresses -}}
{{- $text := (include "tenant.block" . | fromJson).text -}}
{{- if include "tenant.lies" (dict "inner" $block "outer" $text) -}}
{{- $isCovered = true -}}
{{- else if include "tenant.lies" (dict "inner" $text "outer" $block) -}}
{{- $within = append $within $text -}}
{{- end -}}
{{- end -}}
{{- if $isCovered }}all{{ else }}{{ uniq $within | toYaml }}{{ end -}}
{{- end }}
