#!/usr/bin/env bash
# Deploys a tag through MCTL and waits for what came of it.
#
#   MCTL_URL=https://mctl.example.dev MCTL_TOKEN=... deploy.sh payments/checkout-web 5.1.0
#
# Exit codes: 0 the version runs and is healthy; 1 it does not, and why is printed; 2 refused before anything began;
# 3 not known: MCTL did not answer, or MCTL_WAIT_S was over first. Needs bash, curl 7.71 or newer and python3.
set -euo pipefail

if [[ $# -ne 2 || "$1" != */* ]]; then
  echo "Usage: deploy.sh TENANT/SERVICE TAG" >&2
  exit 2
fi
: "${MCTL_URL:?Set MCTL_URL to the address of MCTL}" "${MCTL_TOKEN:?Set MCTL_TOKEN to a token with read and write}"
tenant=${1%%/*} service=${1#*/} tag=$2
wait_s=${MCTL_WAIT_S:-900}
# The same run of a pipeline is one deploy, however often the request is sent; a re-run is another.
key=${MCTL_IDEMPOTENCY_KEY:-${GITHUB_RUN_ID:+$GITHUB_RUN_ID-${GITHUB_RUN_ATTEMPT:-1}-$1-$tag}}
key=${key:-$(python3 -c 'import uuid; print(uuid.uuid4())')}

# The token is handed over through a file descriptor, so that it stands in no list of processes.
call() {
  curl --silent --show-error --max-time 60 --retry 4 --retry-connrefused \
    --header @<(printf 'Authorization: Bearer %s' "$MCTL_TOKEN") --write-out '\n%{http_code}' "$@"
}

field() {
  python3 -c '
import json, sys
value = json.load(sys.stdin)
for name in sys.argv[1].split("."):
    value = value.get(name) if isinstance(value, dict) else None
print("" if value is None else str(value).lower() if isinstance(value, bool) else value)' "$1"
}

told() {
  python3 -c '
import json, sys
said = json.load(sys.stdin)
print(said.get("sentence", ""), said.get("remedy", ""), sep="\n")
for one in said.get("facts", {}).get("fields", []):
    print("-", one["field"] + ":", one["sentence"], one["example"])
print("request", said.get("request_id", ""))'
}

why() {
  python3 -c '
import json, sys
run = json.load(sys.stdin)
problem = run["problem"]
print(run["sentence"], problem.get("remedy", ""), sep="\n")
for finding in run["diagnosis"].get("findings", []):
    print("-", finding["title"], "(" + finding["cause"] + ", " + finding["verdict"] + ")")
    print(" ", finding["detail"])
    for remedy in finding["remedies"]:
        print("  >", remedy["label"])'
}

body=$(python3 -c '
import json, sys
print(json.dumps(dict(zip(("action", "team_name", "component_name", "image_tag"), ("deploy", *sys.argv[1:])))))
' "$tenant" "$service" "$tag")
answer=$(call --request POST --header 'Content-Type: application/json' --header "Idempotency-Key: $key" \
  --data "$body" "$MCTL_URL/api/v1/operations/deploy-service/execute") || exit 3
if [[ ${answer##*$'\n'} != 202 ]]; then
  told <<<"${answer%$'\n'*}" >&2 || echo "${answer}" >&2
  exit 2
fi
run=$(field operation_id <<<"${answer%$'\n'*}")
echo "$run: $(field message <<<"${answer%$'\n'*}")"

end=$((SECONDS + wait_s)) last=
while ((SECONDS < end)); do
  left=$((end - SECONDS))
  answer=$(call "$MCTL_URL/api/v1/operations/runs/$run?wait=$((left < 25 ? left : 25))") || exit 3
  seen=${answer%$'\n'*}
  if [[ ${answer##*$'\n'} != 200 ]]; then
    told <<<"$seen" >&2 || echo "$answer" >&2
    exit 3
  fi
  if [[ $(field done <<<"$seen") == true && $(field succeeded <<<"$seen") != true ]]; then
    why <<<"$seen" >&2
    exit 1
  fi
  now=$(field sentence <<<"$seen")
  [[ $now == "$last" ]] || echo "$now"
  last=$now
  [[ $(field done <<<"$seen") != true ]] || exit 0
done
echo "$run has not ended within $wait_s s; it goes on. Follow it: $MCTL_URL/operations/$run/" >&2
exit 3
