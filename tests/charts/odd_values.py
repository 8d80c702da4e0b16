"""Values files as people write them, right and wrong by chance. The same seed gives the same file.

SERVICE and TENANT say what may stand where: of each value some that fit and some that do not.
"""

from dataclasses import dataclass, field
from random import Random
from typing import Any

# A file with one mistake says more than one with ten.
FITTING_SHARES = (0.8, 0.93, 0.98, 1)
PART_SHARES = (0.05, 0.15, 0.3)


@dataclass(frozen=True)
class One:
    fits: list[Any]
    odd: list[Any] = field(default_factory=list)


@dataclass(frozen=True)
class Many:
    of: Any
    most: int = 3


@dataclass(frozen=True)
class Map:
    keys: One
    of: Any
    most: int = 3


@dataclass(frozen=True)
class Part:
    """`always` stands in every file, `sometimes` key by key."""

    always: dict[str, Any] = field(default_factory=dict)
    sometimes: dict[str, Any] = field(default_factory=dict)


def file_of(shape: Any, seed: int) -> Any:
    chance = Random(seed)
    return made(shape, chance, FITTING_SHARES[seed % len(FITTING_SHARES)], chance.choice(PART_SHARES))


def made(shape: Any, chance: Random, fitting: float, share: float) -> Any:
    if isinstance(shape, One):
        picked = chance.choice(shape.fits if not shape.odd or chance.random() < fitting else shape.odd)
        return made(picked, chance, fitting, share)
    if isinstance(shape, Many):
        return [made(shape.of, chance, fitting, share) for _ in range(chance.randint(0, shape.most))]
    if isinstance(shape, Map):
        keys = [made(shape.keys, chance, fitting, share) for _ in range(chance.randint(0, shape.most))]
        return {key: made(shape.of, chance, fitting, share) for key in keys}
    if isinstance(shape, Part):
        parts = {**shape.always, **{key: one for key, one in shape.sometimes.items() if chance.random() < share}}
        return {key: made(one, chance, fitting, share) for key, one in parts.items()}
    return shape


SWITCH = One([True, False], [None, "yes"])
TEXT = One(["x", "", "a b", "true", "1e3", "é", "$(x)", 1000000, 1.5, True, -3, 0, 1e20, "a: b", "- x"])
LABEL = One(["a", "data", "tmp", "0", "a-b", "x" * 56], ["z" * 64, "Data", "a.b", "a_b", "-a", "a-", "", "é"])
NAME = One(["a", "a.b", "a-1"], ["A", "a b", "", "a..b", "-a", 5])
PORT = One([8080, 9090, 1, 65535], [0, 65536, -1, "8080", 1.5, None])
ANY_PORT = One([8080, "http", "x" * 15, "a-b"], ["HTTP", "a--b", "x" * 16, "1", "", 0, 65536])
SECONDS = One([0, 1, 10, 2147483647], [-1, 1.5, "5", 2147483648])
COUNT = One([1, 2, 5, 100], [0, -1, 2147483648, 1.5, "3"])
QUANTITY = One(
    ["100m", "1", 1, 0.5, "0.1", "128Mi", "1Gi", 1000000, "1e3", "1E", "5.", ".5", "+1", "0", 0, "100n", "2k"],
    ["-1", -1, "1 Gi", "1gb", "", "many", "1Mi5", "0x10", "1e400", True, "1.2.3"],
)
KEY = One(
    ["tier", "example.dev/tier", "team", "env", "UPPER", "a" * 63, f"{'d' * 60}.{'e' * 60}.example.dev/a"],
    ["app.kubernetes.io/name", "b" * 64, "a/b/c", "/a", "a/", "Example.dev/a", "u_s.d/a", "x y", "", "-a"],
)
LABEL_VALUE = One(
    ["edge", "", "a.b_c-d", "x" * 63, 1, 1000000, 1.5, True], ["a b", "é", "x" * 64, "-a", "a-", -1, 1e20]
)
HOST = One(
    ["a.example.dev", "*.example.dev", "localhost", f"{'h' * 63}.dev"],
    [
        "Shop.example.dev",
        "a.example.dev.",
        "*",
        "a.*.dev",
        "10.0.0.1",
        "é.dev",
        f"{'h' * 64}.dev",
        "a..b",
        "-a.dev",
        "a_b",
        5,
        "a.example.dev:80",
        "http://a.dev",
    ],
)
URL_PATH = One(["/", "/api", "/a b", "/é", ""], ["api", "/a//b", "/a/../b", "/a/./b", "/a%2fb", "/a/..", 5, "*"])
VARIABLE = One(["A", "LOG_LEVEL", "a.b", "a-b", "_", "A" * 300], ["1A", "A B", "A=B", "", "é"])
MOUNT_PATH = One(["/data", "/etc/x", "/"], ["/a:b", ""])
MOUNT = Part({"name": One(["data", "tmp"], ["gone"]), "mountPath": MOUNT_PATH}, {"subPath": One(["a"], ["/a", "../a"])})
RESOURCE = One(["cpu", "memory", "ephemeral-storage"], ["nvidia.com/gpu", "gpu", "hugepages-2Mi", "Memory", "pods"])
RESOURCES = Part(sometimes={"requests": Map(RESOURCE, QUANTITY), "limits": Map(RESOURCE, QUANTITY)})
USER = One([1000, 65534, 0], [-1, "1000", "node", 2147483648])
PROFILE = One(
    [{"type": "RuntimeDefault"}, {"type": "Unconfined"}, {"type": "Localhost", "localhostProfile": "a.json"}],
    [{"type": "x"}, {}, {"type": "Localhost"}, {"type": "RuntimeDefault", "localhostProfile": "a"}]
    + [{"type": "Localhost", "localhostProfile": path} for path in ("../a", "/a", "")],
)
SECURITY = {"runAsUser": USER, "runAsGroup": USER, "runAsNonRoot": SWITCH, "seccompProfile": PROFILE}
POD_SECURITY = Part(sometimes={**SECURITY, "fsGroup": USER, "supplementalGroups": Many(USER)})
ADDED = Many(One(["NET_BIND_SERVICE", "CHOWN"], ["SYS_ADMIN", "CAP_SYS_ADMIN"]))
CONTAINER_SECURITY = Part(
    sometimes={
        **SECURITY,
        "allowPrivilegeEscalation": SWITCH,
        "privileged": SWITCH,
        "readOnlyRootFilesystem": SWITCH,
        "capabilities": Part(sometimes={"add": ADDED, "drop": One([["ALL"], [], None, ["all"]])}),
    }
)
KEY_OF = One([{"name": "s", "key": "k"}], [{"name": "S", "key": "k"}, {"name": "s"}, {"name": "s", "key": "a b"}])
FIELD_PATH = One(["metadata.name", "status.podIP", "metadata.labels['a']"], ["spec.x", "metadata.labels['a b']", "x"])
VALUE_FROM = One(
    [
        Part({"secretKeyRef": KEY_OF}),
        Part({"configMapKeyRef": KEY_OF}),
        Part({"fieldRef": Part({"fieldPath": FIELD_PATH})}),
        Part({"resourceFieldRef": Part({"resource": One(["limits.cpu", "requests.memory"], ["limits.x", "cpu"])})}),
    ],
    [{}, {"secretKeyRef": {"name": "s", "key": "k"}, "fieldRef": {"fieldPath": "metadata.name"}}],
)
ENV_SOURCE = One(
    [{"secretRef": {"name": "a"}}, {"configMapRef": {"name": "a"}, "prefix": "A_"}],
    [{"secretRef": {"name": "A"}}, {}, {"secretRef": {"name": "a"}, "configMapRef": {"name": "a"}}, {"secretRef": {}}],
)
IMAGE = One(["busybox:1"], ["a b", ""])
CONTAINER = Part(
    {"name": One(["side", "other", "third", "fourth"], ["base-service", "Side", "x" * 64]), "image": IMAGE},
    {
        "command": Many(TEXT),
        "args": Many(TEXT),
        "env": Many(Part({"name": VARIABLE, "value": TEXT}), 2),
        "resources": RESOURCES,
        "securityContext": CONTAINER_SECURITY,
        "volumeMounts": Many(MOUNT, 1),
    },
)
HANDLER = One(
    [
        Part({"path": One(["/up"], [5])}),
        Part({"tcpSocket": Part({"port": ANY_PORT})}),
        Part({"grpc": Part({"port": PORT})}),
        Part({"httpGet": Part({}, {"path": One(["/a", "a"]), "port": ANY_PORT})}),
        Part({"exec": Part({"command": Many(TEXT)})}),
        Part({"path": "/up", "port": ANY_PORT}),
        None,
    ],
    [{}, {"tcpSocket": {"port": 1}, "exec": {"command": ["x"]}}, {"http": {}}],
)
TIMES = dict.fromkeys(
    ("initialDelaySeconds", "periodSeconds", "timeoutSeconds", "failureThreshold", "successThreshold"), SECONDS
)
PROBE = One([HANDLER, Part({"path": "/up"}, {**TIMES, "terminationGracePeriodSeconds": SECONDS})])
TLS = Part({"secretName": One(["a-tls", "", None], ["A"]), "hosts": Many(HOST, 2)})
INGRESS = {
    "hosts": Many(One([HOST, Part({"host": HOST})])),
    "path": URL_PATH,
    "pathType": One(["Prefix", "Exact", "ImplementationSpecific", None], ["prefix"]),
    "className": One(["traefik", "", None], ["A B", 5]),
    "annotations": Map(KEY, TEXT),
    "tls": Many(TLS),
}
MODES = One(
    [["ReadWriteOnce"], ["ReadWriteMany", "ReadOnlyMany"], ["ReadWriteOncePod"], []],
    [["ReadWriteOncePod", "ReadWriteOnce"], ["x"]],
)
CLAIM = Part(
    {"size": One(["1Gi", "1", 1, "1.5Gi", ".5Gi"], ["0", 0, "0Gi", "1..5Gi", "-1Gi", "1 Gi", "", "big", None])},
    {
        "mountPath": MOUNT_PATH,
        "accessModes": MODES,
        "storageClassName": One(["fast", "", None, "1"], ["Fast", 5]),
        "enabled": One([True, False, "false"]),
    },
)
SECRET_DATA = Part({"secretKey": One(["token", ".a"], ["a b", "", "..a"]), "remoteKey": One(["teams/a"], ["", None])})
APP_SECRET = Part(
    {"targetSecret": One(["shop-secrets", "a.b"], ["Shop", "", None]), "data": Many(SECRET_DATA)},
    {
        "refreshInterval": One(["1h", "30s", "", "1h30m"], ["1 h", "x", 5]),
        "store": One(["tenant-store", "5"], ["A"]),
        "storeKind": One(["SecretStore", "ClusterSecretStore"], ["Store"]),
        "targetTemplateData": Map(One(["A", "b"]), TEXT),
    },
)
TOLERATION = One(
    [
        {"key": "a", "value": True},
        {"operator": "Exists"},
        {"key": "a", "operator": "Exists", "effect": "NoSchedule"},
        {"key": "a", "value": "b", "effect": "NoExecute", "tolerationSeconds": 5},
        {"key": "a.b/c", "operator": "Exists"},
    ],
    [
        {"key": "a", "operator": "Exists", "value": "b"},
        {"operator": "Equal", "value": "b"},
        {"key": "a b", "value": "b"},
        {"key": "a", "value": "b", "tolerationSeconds": 5},
        {},
        {"key": "a", "value": "a b"},
        {"key": "", "value": "b"},
        {"key": "a", "value": "b", "effect": "Never"},
        {"key": "a", "operator": "In", "value": "b"},
    ],
)
SOURCE = One([{"emptyDir": {}}, {"configMap": {"name": "a"}}], [{"emptyDir": None}, {}, {"emptyDir": {}, "secret": {}}])
VOLUME = One([{"name": name, "emptyDir": {}} for name in ("tmp", "cache", "run")], [{"name": "A", "emptyDir": {}}])
ROLLING = Part(
    sometimes={
        "maxSurge": One([1, "25%", 0, "200%"], ["x", -1, "0%"]),
        "maxUnavailable": One([1, "100%", "25%"], [0, "0%", "101%"]),
    }
)
SCALING = Part({"enabled": True}, {"minReplicas": COUNT, "maxReplicas": COUNT, "targetCPUUtilizationPercentage": COUNT})
CONFIG_MAP = Map(One(["a", "a.yaml", "A", ".a"], ["a b", "..", "", "...", "a/b"]), TEXT)
SERVICE = Part(
    {
        "image": Part({"repository": "ghcr.io/a/b", "tag": One(["1.0", 1.5, 1000000, "sha256:ab"])}),
        "persistence": {"data": {"size": "1Gi"}},
        "extraVolumes": [{"name": "tmp", "emptyDir": {}}],
    },
    {
        "componentType": One(["base-service", "worker-service"], ["worker"]),
        "imagePullSecrets": One(
            [[{"name": "a"}], [{"name": "a"}, {"name": "b"}]], [[{"name": "a"}, {"name": "a"}], [{}]]
        ),
        "service": Part(sometimes={"port": PORT, "type": One(["ClusterIP", "NodePort", "LoadBalancer"], ["x"])}),
        "replicaCount": One([0, 1, 2], [-1, 2147483648, "3"]),
        "autoscaling": SCALING,
        "resources": RESOURCES,
        "command": Many(TEXT),
        "args": Many(TEXT),
        "env": Map(VARIABLE, TEXT),
        "envValueFrom": Map(VARIABLE, VALUE_FROM),
        "envFrom": Many(ENV_SOURCE),
        "ingress": Part({"enabled": True, "host": One([HOST], [""])}, INGRESS),
        "extraIngresses": Many(Part({"host": HOST}, {**INGRESS, "name": LABEL}), 2),
        "probes": Part(sometimes={"liveness": PROBE, "readiness": PROBE, "startup": PROBE}),
        "serviceAccount": Part(
            {"create": True}, {"name": One(["shop", "", "5"], ["Shop"]), "annotations": Map(KEY, TEXT)}
        ),
        "automountServiceAccountToken": One([True, False, None], ["x"]),
        "strategy": Part(sometimes={"type": One(["RollingUpdate"], ["Recreate", "x"]), "rollingUpdate": ROLLING}),
        "revisionHistoryLimit": SECONDS,
        "terminationGracePeriodSeconds": SECONDS,
        "podSecurityContext": POD_SECURITY,
        "containerSecurityContext": CONTAINER_SECURITY,
        "podAnnotations": Map(KEY, TEXT),
        "podLabels": Map(KEY, LABEL_VALUE),
        "nodeSelector": Map(KEY, LABEL_VALUE),
        "tolerations": Many(TOLERATION, 2),
        "backstage": Part({"kubernetesId": LABEL_VALUE}),
        "persistence": Map(One(["data", "a", "x" * 63], ["tmp", "A", "z" * 64, "a.b"]), CLAIM),
        "extraVolumes": Many(One([VOLUME], [Part({"name": LABEL})]), 2),
        "extraVolumeMounts": Many(MOUNT, 1),
        "initContainers": Many(CONTAINER, 1),
        "extraContainers": Many(CONTAINER, 2),
        "configMaps": Map(One(["a", "x" * 56, "y" * 57, "z" * 253, "a.b"], ["A", "w" * 254, "a_b", ""]), CONFIG_MAP),
        "dbSecret": Part({"vaultPath": One(["teams/a"], ["", None])}, {"secretName": NAME}),
        "dbInitJob": Part({"enabled": True, "sql": TEXT}, {"image": IMAGE, "waitTable": TEXT}),
        "externalSecret": APP_SECRET,
        "extraExternalSecrets": Many(APP_SECRET, 2),
        "registryCredentials": Part({"vaultKey": One(["a"], [""])}, {"secretName": NAME}),
        "metrics": Part({"enabled": True}, {"port": PORT, "path": TEXT}),
        "blueGreen": Part({"enabled": SWITCH}),
    },
)
ADDRESS = One(
    [
        "10.1.2.3",
        "10.1.2.3/32",
        "10.1.2.3/8",
        "10.0.0.0/8",
        "10.0.0.0/7",
        "172.1.2.3/32",
        "172.16.5.4",
        "172.16.0.0/12",
        "172.31.255.255/31",
        "172.32.0.1",
        "192.168.1.0/24",
        "192.168.0.0/16",
        "203.0.113.7",
        "203.0.113.0/24",
        "0.0.0.0/1",
        "128.0.0.0/1",
        "169.254.1.1",
        "255.255.255.255",
    ],
    ["0.0.0.0/0", "010.1.2.3", "10.1.2", "10.1.2.300", "2001:db8::1", "2001:db8::/32", "10.0.0.0/33", "a", "", 5],
)
QUOTAS = {
    **dict.fromkeys(("cpu", "requests.cpu", "limits.memory", "requests.storage", "ephemeral-storage"), QUANTITY),
    **dict.fromkeys(("requests.ephemeral-storage", "requests.hugepages-2Mi"), QUANTITY),
    **{name: One([0, 10, "10", "2k"], ["100m", 0.5, "", -1]) for name in ("pods", "services", "configmaps", "secrets")},
    **{name: One([0, "5"], ["0.1"]) for name in ("count/deployments.apps", "requests.nvidia.com/gpu", "hugepages-2Mi")},
    **{name: One([1], ["1Gi", "1.5"]) for name in ("services.nodeports", "services.loadbalancers", "resourcequotas")},
    "fast.storageclass.storage.k8s.io/requests.storage": One(["1Gi", 0], [".5", "100m"]),
    "fast.storageclass.storage.k8s.io/persistentvolumeclaims": One([1], ["x"]),
}
WRONG_QUOTAS = [
    {name: 1}
    for name in ("cpus", "limits.foo", "limits.storage", "services.clusterips", "count/", "nvidia.com/gpu", "Pods", "")
]
LIMITS = Map(RESOURCE, QUANTITY)
TENANT = Part(
    {
        "tenant": Part(
            {"name": "labs"},
            {
                "teams": Many(Part({"name": One(["red", "blue", "green"], ["preview", "Red", "x" * 60, "a.b"])}), 2),
                "quotas": One([Part(sometimes=QUOTAS)], WRONG_QUOTAS),
                "limitRange": Part({"enabled": True}, {"default": LIMITS, "defaultRequest": LIMITS, "max": LIMITS}),
                "networking": Part({"allowInternetEgress": SWITCH, "nodePublicCIDRs": Many(ADDRESS, 5)}),
                "preview": Part({"enabled": SWITCH}, {"quotas": One([Part(sometimes=QUOTAS)], WRONG_QUOTAS)}),
                "externalSecretPatchTargets": Many(NAME),
                "secretStore": Part({"enabled": True}, {"name": NAME, "serviceAccountName": NAME}),
                "ghcrCredentials": Part({"enabled": SWITCH}),
                "podSecurityLevel": One(["privileged", "baseline", "restricted"], ["x"]),
            },
        )
    }
)
# Names of releases: usual, of 50 and of 53 characters.
RELEASE = One(["labs-echo", "labs-" + "e" * 45, "labs-" + "e" * 48])
