"""The vocabulary of causes: id, class, title, section of the guide, usual severity.

The order is the order of ranking between independent causes of the same severity: first what keeps the running
version from working, then what keeps the next one from arriving, then what surrounds it.
"""

from dataclasses import dataclass
from enum import StrEnum

from core.diagnosis import DeclaredCause
from core.words import Severity
from diagnosis.choices.guide_text import SECTIONS


class CauseClass(StrEnum):
    """ROOT names a cause, NOTICE a harmless state, SYMPTOM an observation that stands under a cause."""

    ROOT = "root"
    NOTICE = "notice"
    SYMPTOM = "symptom"


@dataclass(frozen=True, slots=True)
class Cause:
    id: str
    cause_class: CauseClass
    title: str
    guide: str
    severity: Severity
    rank: int


_ROOTS = """
namespace-terminating|stuck|The namespace is being deleted
node-not-ready|degraded|A node is not ready
node-disk-pressure|stuck|A node is short of disk
node-memory-pressure|degraded|A node is short of memory
cluster-dns-down|degraded|The cluster's DNS does not answer
secret-store-not-ready|database-connection|The secret store cannot be used
vault-permission-denied|database-provisioning|Vault refuses the path
vault-key-missing|database-connection|The Vault path or property does not exist
secret-missing|degraded|A Secret does not exist
secret-key-missing|degraded|A Secret lacks a key
configmap-missing|degraded|A ConfigMap does not exist
image-tag-not-found|image-pull|The image tag does not exist
image-repository-not-found|image-pull|The image repository does not exist
image-pull-unauthorized|image-pull|The image needs credentials
image-registry-unreachable|image-pull|The image registry cannot be reached
image-pull-rate-limited|image-pull|The registry limits pulls
image-name-invalid|image-pull|The image name is not valid
volume-full|degraded|A volume is full
oom-killed|degraded|Killed for exceeding the memory limit
database-cluster-down|database-connection|The PostgreSQL cluster is down
database-name-conflict|database-provisioning|The database name is taken
database-role-missing|database-provisioning|The database's owner role does not exist
network-policy-blocks-dns|database-connection|A network policy blocks DNS
network-policy-blocks-traffic|degraded|A network policy blocks the traffic
dependency-down|degraded|A service it depends on is down
db-wrong-port|database-connection|The database port is wrong
db-host-unresolvable|database-connection|The database host does not resolve
db-auth-failed|database-connection|The database rejects the credentials
db-too-many-connections|database-connection|Database connections are used up
hostname-unresolvable|degraded|A configured host does not resolve
db-connection-failed|database-connection|The database cannot be reached
exec-format-error|degraded|The image is built for another architecture
container-user-not-permitted|degraded|The container's user is not permitted
command-not-found|degraded|The command does not exist in the image
script-syntax-error|degraded|The start script has a syntax error
env-var-missing|degraded|A required environment variable is not set
config-file-missing|degraded|A configuration file is missing
port-already-in-use|stuck|The port is already in use in the pod
app-certificate-expired|degraded|A certificate the program uses has expired
rbac-forbidden|degraded|The service account lacks a permission
app-listens-on-localhost|degraded|The program listens on localhost only
app-listens-on-other-port|degraded|The program listens on another port
probe-wrong-port|degraded|A probe asks the wrong port
probe-wrong-path|degraded|A probe asks the wrong path
startup-too-slow|degraded|The program starts too slowly for its probe
app-exception|degraded|The program ends with an error of its own
liveness-probe-failing|degraded|The liveness probe fails
readiness-probe-failing|degraded|The readiness probe fails
pvc-missing|stuck|A volume claim does not exist
storage-class-missing|stuck|The storage class does not exist
volume-multi-attach|stuck|The volume is attached to another node
preempted|stuck|Evicted for a pod of higher priority
node-selector-mismatch|stuck|No node matches the pod's node selector
untolerated-taint|stuck|The nodes are tainted
insufficient-gpu|stuck|No node offers the requested resource
insufficient-memory|stuck|No node has enough memory free
insufficient-cpu|stuck|No node has enough CPU free
anti-affinity-unsatisfiable|stuck|Anti-affinity leaves no node
host-port-conflict|stuck|The host port is taken
service-account-missing|stuck|The service account does not exist
admission-webhook-unavailable|stuck|An admission webhook cannot be called
pod-security-violation|stuck|Pod security refuses the pod
quota-requires-limits|stuck|The quota requires requests and limits
limitrange-violation|stuck|A limit range refuses the pod
quota-exceeded|stuck|The resource quota is used up
node-port-conflict|stuck|The node port is taken
argocd-namespace-missing|out-of-sync|The namespace does not exist
argocd-immutable-field|out-of-sync|The change touches an immutable field
argocd-hook-failed|out-of-sync|A sync hook failed
argocd-manifest-invalid|out-of-sync|The manifest is invalid
argocd-repo-unreachable|out-of-sync|Argo CD cannot read the repository
argocd-render-error|out-of-sync|The manifests cannot be generated
service-selector-mismatch|degraded|The Service selects no pods
service-port-mismatch|degraded|The Service forwards to the wrong port
ingress-service-missing|degraded|The Ingress names a missing Service
ingress-class-missing|degraded|The Ingress class does not exist
ingress-host-conflict|degraded|Another Ingress claims the same host
"""

_WARNINGS = """
ingress-tls-secret-missing|certificate|The TLS Secret does not exist
acme-rate-limited|certificate|The certificate authority limits orders
domain-dns-not-pointed|domain-pending|The domain's DNS record does not point here
argocd-manual-drift|out-of-sync|Changed by hand
argocd-sync-pending-manual|out-of-sync|Waiting for a manual sync
hpa-target-missing|degraded|The autoscaler's target does not exist
hpa-metrics-unavailable|degraded|The autoscaler has no metrics
pdb-blocks-eviction|degraded|A disruption budget blocks node drains
"""

_NOTICES = """
none|overview|Nothing is wrong
rollout-in-progress|stuck|A rollout is under way
scaled-to-zero|overview|Scaled to zero on purpose
quota-nearly-full|stuck|A quota is nearly full
argocd-expected-out-of-sync|out-of-sync|A sync is expected
certificate-issuing|certificate|A certificate is being issued
cronjob-suspended|overview|The CronJob is suspended
past-restarts|degraded|Restarts in the past
stale-evicted-pods|degraded|Leftover failed pods
hpa-at-max|degraded|The autoscaler is at its maximum
"""

_SYMPTOMS = """
crash-loop|degraded|A container restarts again and again
image-pull-failing|image-pull|An image cannot be pulled
container-config-error|degraded|A container cannot be configured
init-container-failing|degraded|An init container fails
pods-pending|stuck|Pods are pending
replica-create-failed|stuck|Pods cannot be created
pod-evicted|degraded|A pod was evicted
pvc-unbound|stuck|A volume claim is not bound
probe-failing|degraded|A probe fails
pod-not-ready|degraded|Pods are not ready
rollout-stalled|stuck|The rollout does not get further
deployment-unavailable|degraded|Fewer replicas are available than wanted
service-no-endpoints|degraded|The Service has no ready endpoints
job-failed|degraded|The Job failed
externalsecret-not-synced|database-connection|A secret is not synced
certificate-not-ready|certificate|A certificate is not ready
hpa-inactive|degraded|The autoscaler is not active
argocd-sync-failed|out-of-sync|The last sync failed
argocd-degraded|degraded|Argo CD reports Degraded
argocd-out-of-sync|out-of-sync|Argo CD reports OutOfSync
app-log-errors|degraded|The log has error lines
upstream-error|degraded|An upstream answered with an error
"""


def _parsed(text: str, cause_class: CauseClass, severity: Severity, start: int) -> dict[str, Cause]:
    rows = [line.split("|") for line in text.strip().splitlines()]
    return {
        id: Cause(id, cause_class, title, guide, severity, start + offset)
        for offset, (id, guide, title) in enumerate(rows)
    }


# Where the ranks of a severity begin, symptoms apart.
FIRST_RANK = {Severity.PROBLEM: 0, Severity.WARNING: 200, Severity.NOTICE: 600}
FIRST_SYMPTOM = 400
CAUSES: dict[str, Cause] = {
    **_parsed(_ROOTS, CauseClass.ROOT, Severity.PROBLEM, FIRST_RANK[Severity.PROBLEM]),
    **_parsed(_WARNINGS, CauseClass.ROOT, Severity.WARNING, FIRST_RANK[Severity.WARNING]),
    **_parsed(_SYMPTOMS, CauseClass.SYMPTOM, Severity.PROBLEM, FIRST_SYMPTOM),
    **_parsed(_NOTICES, CauseClass.NOTICE, Severity.NOTICE, FIRST_RANK[Severity.NOTICE]),
}


def add_cause(declared: DeclaredCause) -> None:
    """A cause of an app, ranked behind ours of its severity. Raises ValueError for an id that is taken, and for a
    section that the guide does not have."""
    if declared.id in CAUSES:
        raise ValueError(f"The cause {declared.id} is declared twice.")
    if declared.guide not in {section.id for section in SECTIONS}:
        raise ValueError(f"The guide has no section {declared.guide}, which the cause {declared.id} names.")
    cause_class = CauseClass.NOTICE if declared.severity is Severity.NOTICE else CauseClass.ROOT
    alike = [one.rank for one in CAUSES.values() if (one.cause_class, one.severity) == (cause_class, declared.severity)]
    CAUSES[declared.id] = Cause(
        declared.id, cause_class, declared.title, declared.guide, declared.severity, max(alike) + 1
    )


def cause_of(id: str) -> Cause:
    """The row of a cause; KeyError for an id that is not in the vocabulary."""
    return CAUSES[id]
