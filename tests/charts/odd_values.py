"""Values as people write them, right and wrong by chance, for both charts. The same seed gives the same values."""

from collections.abc import Callable, Sequence
from random import Random
from typing import Any

NAMES = ["a", "data", "tmp", "0", "a-b", "x" * 56, "y" * 57, "z" * 63, "w" * 64, "Data", "a.b", "a_b", "-a", "a-", "", "é"]
PATHS = ["/data", "/", "data", "/a:b", "/data/", "/etc/x", ""]
TEXTS: list[Any] = ["x", "", "a b", "true", "1e3", "é", "$(x)", 1000000, 1.5, True, False, -3, 0, 1e20, "a: b", "- x"]
COUNTS: list[Any] = [0, 1, 2, 5, 100, -1, 2147483648, 1.5, "3", None]
QUANTITIES: list[Any] = [
    "100m", "1", 1, 0.5, "0.1", "1.5", "128Mi", "1Gi", 1000000, "1e3", "1E", "5.", ".5", "+1", "0", 0, "-1", -1, "1 Gi", "1gb",
    "", "many", "1Mi5", "0x10", "1e400", "12345678901234567890", "100n", "2k", True,
]  # fmt: skip
SIZES: list[Any] = ["1Gi", "1", 1, "500Mi", "0", 0, "0Gi", "1.5Gi", "1..5Gi", ".5Gi", "-1Gi", "1 Gi", "", "big", None]
KEYS = [
    "tier", "example.dev/tier", "app.kubernetes.io/name", "team", "env", "UPPER", "a" * 63, "b" * 64, "a/b/c", "/a", "a/",
    "Example.dev/a", "under_score.d/a", "x y", "", f"{'d' * 60}.{'e' * 60}.example.dev/a", "-a",
]  # fmt: skip
LABEL_VALUES: list[Any] = ["edge", "", "a.b_c-d", "a b", "é", "x" * 63, "x" * 64, "-a", "a-", 1, 1000000, 1.5, True, -1, 1e20, None]
HOSTS: list[Any] = [
    "a.example.dev", "Shop.example.dev", "a.example.dev.", "*.example.dev", "*", "a.*.dev", "localhost", "10.0.0.1", "é.dev",
    f"{'h' * 63}.dev", f"{'h' * 64}.dev", "a..b", "-a.dev", "a_b.dev", "a.example.dev:80", "http://a.dev", "", None, 5,
]  # fmt: skip
PORTS: list[Any] = [8080, 1, 65535, 0, 65536, -1, "http", "8080", "HTTP", "a--b", "x" * 15, "x" * 16, "1", "1a", None, 9090]
URL_PATHS: list[Any] = ["/", "/api", "api", "/a//b", "/a/../b", "/a/./b", "/a%2fb", "/a/..", "", None, "/a b", "/é", 5, "*"]
SECONDS: list[Any] = [0, 1, 10, -1, 1.5, "5", 2147483647, 2147483648, None]
ADDRESSES: list[Any] = [
    "10.1.2.3", "10.1.2.3/32", "10.1.2.3/8", "10.0.0.0/8", "10.0.0.0/7", "172.1.2.3/32", "172.16.5.4", "172.16.0.0/12",
    "172.31.255.255/31", "172.32.0.1", "192.168.1.0/24", "192.168.0.0/16", "203.0.113.7", "203.0.113.0/24", "0.0.0.0/0",
    "0.0.0.0/1", "128.0.0.0/1", "010.1.2.3", "10.1.2", "10.1.2.300", "2001:db8::1", "2001:db8::/32", "10.0.0.0/33", "a", "",
    "169.254.1.1", "255.255.255.255", 5, None,
]  # fmt: skip
QUOTA_NAMES = [
    "cpu", "cpus", "memory", "pods", "requests.cpu", "limits.cpu", "limits.foo", "requests.storage", "limits.storage", "services",
    "services.nodeports", "services.loadbalancers", "services.clusterips", "count/deployments.apps", "count/pods", "count/",
    "requests.nvidia.com/gpu", "limits.nvidia.com/gpu", "nvidia.com/gpu", "ephemeral-storage", "requests.ephemeral-storage",
    "fast.storageclass.storage.k8s.io/requests.storage", "fast.storageclass.storage.k8s.io/persistentvolumeclaims",
    "hugepages-2Mi", "requests.hugepages-2Mi", "limits.hugepages-2Mi", "Pods", "configmaps", "secrets", "replicationcontrollers",
    "persistentvolumeclaims", "resourcequotas", "requests.pods", "", "a b", "count/Deployments.apps", "hugepages-2MB",
]  # fmt: skip
RESOURCES = ["cpu", "memory", "ephemeral-storage", "nvidia.com/gpu", "gpu", "hugepages-2Mi", "Memory", "requests.cpu", "pods"]
TOLERATIONS: list[Any] = [
    {"key": "a", "value": True}, {"operator": "Exists"}, {"key": "a", "operator": "Exists", "effect": "NoSchedule"},
    {"key": "a", "value": "b", "effect": "NoExecute", "tolerationSeconds": 5}, {"key": "a", "operator": "Exists", "value": "b"},
    {"operator": "Equal", "value": "b"}, {"key": "a", "value": "b", "tolerationSeconds": 5}, {"key": "a b", "value": "b"}, {},
    {"key": "a", "value": "a b"}, {"key": "a", "value": "b", "effect": "Never"}, {"key": "a", "operator": "In", "value": "b"},
    {"key": "", "value": "b"}, {"key": "a/b/c", "operator": "Exists"}, {"key": "a.b/c", "operator": "Exists", "value": ""},
]  # fmt: skip
VARIABLES = ["A", "LOG_LEVEL", "a.b", "a-b", "1A", "A B", "A=B", "", "é", "_", "A" * 300]
# A file with one mistake says more than one with ten.
PROFILES = [
    {"type": "RuntimeDefault"}, {"type": "Unconfined"}, {"type": "Localhost", "localhostProfile": "a.json"},
    {"type": "RuntimeDefault"}, {"type": "x"}, {}, {"type": "Localhost"}, {"type": "RuntimeDefault", "localhostProfile": "a"},
    {"type": "Localhost", "localhostProfile": "../a"}, {"type": "Localhost", "localhostProfile": "/a"},
]  # fmt: skip
COMMON_SHARES = (0.8, 0.93, 0.98, 1)


class Odd:
    """One file's worth of values. `often` takes the first of the choices, which fit, more often than the others."""

    def __init__(self, seed: int) -> None:
        self.random = Random(seed)  # noqa: S311  no secret
        self.common_share = COMMON_SHARES[seed % len(COMMON_SHARES)]
        self.part_share = self.random.choice([0.05, 0.15, 0.3])

    def any(self, choices: Sequence[Any], fitting: int = 2) -> Any:
        common = self.random.random() < self.common_share
        return self.random.choice(choices[:fitting] if common else choices)

    def maybe(self, share: float = 0.5) -> bool:
        return self.random.random() < share

    def some(self, make: Callable[[], Any], most: int = 3) -> list[Any]:
        return [make() for _ in range(self.random.randint(0, most))]

    def map(self, keys: Sequence[str], values: Callable[[], Any], most: int = 3) -> dict[str, Any]:
        return {self.any(keys, 3): values() for _ in range(self.random.randint(0, most))}

    def part(self, **makers: Callable[[], Any]) -> dict[str, Any]:
        """Some of the keys."""
        return {key: make() for key, make in makers.items() if self.maybe(self.part_share)}

    def text(self) -> Any:
        return self.any(TEXTS, 3)

    def quantity(self) -> Any:
        return self.any(QUANTITIES, 10)

    def label_value(self) -> Any:
        return self.any(LABEL_VALUES, 3)

    def host(self) -> Any:
        return self.any(HOSTS, 1)

    def resources(self) -> dict[str, Any]:
        return self.part(
            requests=lambda: self.map(RESOURCES, self.quantity), limits=lambda: self.map(RESOURCES, self.quantity)
        )

    def security(self) -> dict[str, Any]:
        """A pod's or a container's: some keys belong to one of the two only."""
        users = [1000, 0, 65534, -1, "1000", "node", 2147483648, None]
        return self.part(
            runAsUser=lambda: self.any(users, 3),
            runAsNonRoot=lambda: self.any([True, False, None, "yes"], 3),
            seccompProfile=lambda: self.any(PROFILES, 4),
            **{self.any(["runAsGroup", "fsGroup", "sysctl"], 1): lambda: self.any(users, 3)},
        )

    def container_security(self) -> dict[str, Any]:
        added = lambda: self.some(lambda: self.any(["NET_BIND_SERVICE", "SYS_ADMIN", "CAP_SYS_ADMIN"], 3))  # noqa: E731
        return {
            **self.security(),
            **self.part(
                allowPrivilegeEscalation=lambda: self.any([True, False]),
                privileged=lambda: self.any([True, False]),
                capabilities=lambda: self.part(add=added, drop=lambda: self.any([["ALL"], [], None, ["all"]], 3)),
            ),
        }

    def mount(self) -> dict[str, Any]:
        return {"name": self.any(NAMES, 3), "mountPath": self.any(PATHS), **self.part(subPath=lambda: self.any(["a", "/a", "../a", ""]))}

    def value_from(self) -> dict[str, Any]:
        key = self.any([{"name": "s", "key": "k"}, {"name": "S", "key": "k"}, {"name": "s"}, {"name": "s", "key": "a b"}], 1)
        field = {"fieldPath": self.any(["metadata.name", "status.podIP", "spec.x", "metadata.labels['a']", "metadata.labels['a b']"])}
        resource = {"resource": self.any(["limits.cpu", "requests.memory", "limits.x", "cpu"])}
        return self.any([{"secretKeyRef": key}, {"fieldRef": field}, {"resourceFieldRef": resource}, {"configMapKeyRef": key}, {}], 4)

    def container(self) -> dict[str, Any]:
        variables = [{"name": name, "value": self.text()} for name in self.map(VARIABLES, self.text)]
        return {
            "name": self.any(["side", "other", "third", "base-service", "Side", "x" * 64], 3),
            "image": self.any(["busybox:1", "a b", ""], 1),
            **self.part(
                command=lambda: self.some(self.text),
                args=lambda: self.some(self.text),
                env=lambda: variables,
                resources=self.resources,
                securityContext=self.container_security,
                volumeMounts=lambda: self.some(self.mount),
            ),
        }

    def probe(self) -> Any:
        port = self.any(PORTS, 1)
        handlers = [
            {"path": self.any(URL_PATHS)}, {"path": "/up", "port": port}, {"exec": {"command": self.some(self.text)}},
            {"tcpSocket": {"port": port}}, {"grpc": {"port": port}}, {"httpGet": {"path": "/a", "port": port}}, {"httpGet": {}},
            None, {}, {"tcpSocket": {"port": 1}, "exec": {"command": ["x"]}},
        ]  # fmt: skip
        handler = self.any(handlers, 6)
        times = ["initialDelaySeconds", "periodSeconds", "timeoutSeconds", "failureThreshold", "successThreshold"]
        times.append("terminationGracePeriodSeconds")
        return handler and {**handler, **{key: self.any(SECONDS, 3) for key in times if self.maybe(0.2)}}

    def ingress(self) -> dict[str, Any]:
        entries = lambda: self.some(  # noqa: E731
            lambda: {"secretName": self.any(["a-tls", "A", "", None], 1), "hosts": self.some(self.host, 2)}
        )
        return {
            "enabled": self.any([True, False], 1),
            "host": self.host(),
            **self.part(
                hosts=lambda: self.some(lambda: self.any([self.host(), {"host": self.host()}])),
                path=lambda: self.any(URL_PATHS),
                pathType=lambda: self.any(["Prefix", "Exact", "ImplementationSpecific", "prefix", None], 3),
                className=lambda: self.any(["traefik", "A B", "", None, 5], 1),
                annotations=lambda: self.map(KEYS, self.text),
                tls=entries,
            ),
        }

    def claim(self) -> dict[str, Any]:
        modes = [["ReadWriteOnce"], ["ReadWriteMany", "ReadOnlyMany"], ["ReadWriteOncePod"], ["ReadWriteOncePod", "ReadWriteOnce"], ["x"], []]
        return {
            "size": self.any(SIZES, 3),
            **self.part(
                mountPath=lambda: self.any(PATHS),
                accessModes=lambda: self.any(modes, 3),
                storageClassName=lambda: self.any(["fast", "Fast", "", None, 5, "1"], 1),
                enabled=lambda: self.any([True, False, "false"]),
            ),
        }

    def secret(self) -> dict[str, Any]:
        entry = lambda: {"secretKey": self.any(["token", "a b", "", 5], 1), "remoteKey": self.any(["teams/a", "", None], 1)}  # noqa: E731
        return {
            "targetSecret": self.any(["shop-secrets", "Shop", "", None, "a.b"], 1),
            "data": self.some(entry),
            **self.part(
                refreshInterval=lambda: self.any(["1h", "30s", "1 h", "x", "", 5]),
                store=lambda: self.any(["tenant-store", "A", "5"], 1),
                storeKind=lambda: self.any(["SecretStore", "ClusterSecretStore", "Store"]),
                targetTemplateData=lambda: self.map(["A", "b", "a b"], self.text),
            ),
        }

    def service(self) -> dict[str, Any]:
        volume = lambda: {"name": self.any(NAMES, 3), **self.any([{"emptyDir": {}}, {"configMap": {"name": "a"}}, {"emptyDir": None}, {}, {"emptyDir": {}, "secret": {}}])}  # noqa: E731, E501
        rolling = lambda: self.part(maxSurge=lambda: self.any([1, "25%", 0, "0%", "x", -1, "200%"]), maxUnavailable=lambda: self.any([0, "0%", 1, "101%", "100%"]))  # noqa: E731, E501
        return {
            "image": {"repository": self.any(["ghcr.io/a/b", "a b"], 1), "tag": self.any(["1.0", 1.5, 1000000, "a b"], 3)},
            **self.part(
                componentType=lambda: self.any(["base-service", "worker-service", "worker"]),
                imagePullSecrets=lambda: self.some(lambda: {"name": self.any(["a", "b", "A", 5])}),
                service=lambda: self.part(port=lambda: self.any(PORTS), type=lambda: self.any(["ClusterIP", "NodePort", "LoadBalancer", "x"], 3)),
                replicaCount=lambda: self.any(COUNTS, 4),
                autoscaling=lambda: {"enabled": True, **self.part(minReplicas=lambda: self.any(COUNTS, 4), maxReplicas=lambda: self.any(COUNTS, 5), targetCPUUtilizationPercentage=lambda: self.any(COUNTS))},
                resources=self.resources,
                command=lambda: self.some(self.text),
                args=lambda: self.some(self.text),
                env=lambda: self.map(VARIABLES, self.text),
                envValueFrom=lambda: self.map(VARIABLES, self.value_from),
                envFrom=lambda: self.some(lambda: self.any([{"secretRef": {"name": "a"}}, {"configMapRef": {"name": "a"}, "prefix": "A_"}, {"secretRef": {"name": "A"}}, {}, {"secretRef": {"name": "a"}, "configMapRef": {"name": "a"}}])),
                ingress=self.ingress,
                extraIngresses=lambda: self.some(lambda: {**self.ingress(), **self.part(name=lambda: self.any(NAMES))}, 2),
                probes=lambda: self.part(liveness=self.probe, readiness=self.probe, startup=self.probe),
                serviceAccount=lambda: {"create": True, **self.part(name=lambda: self.any(["shop", "", "Shop", "5"]), annotations=lambda: self.map(KEYS, self.text))},
                automountServiceAccountToken=lambda: self.any([True, False, None]),
                strategy=lambda: self.part(type=lambda: self.any(["RollingUpdate", "Recreate", "x"]), rollingUpdate=rolling),
                revisionHistoryLimit=lambda: self.any(COUNTS),
                terminationGracePeriodSeconds=lambda: self.any(SECONDS),
                podSecurityContext=self.security,
                containerSecurityContext=self.container_security,
                podAnnotations=lambda: self.map(KEYS, self.text),
                podLabels=lambda: self.map(KEYS, self.label_value),
                nodeSelector=lambda: self.map(KEYS, self.label_value),
                tolerations=lambda: self.some(lambda: self.any(TOLERATIONS, 4), 2),
                backstage=lambda: {"kubernetesId": self.label_value()},
                persistence=lambda: self.map(NAMES, self.claim),
                extraVolumes=lambda: self.some(volume),
                extraVolumeMounts=lambda: self.some(self.mount),
                initContainers=lambda: self.some(self.container, 2),
                extraContainers=lambda: self.some(self.container, 2),
                configMaps=lambda: self.map([*NAMES[4:8], *NAMES], lambda: self.map(["a", "a.yaml", "A", "a b", "..", "", "...", "a/b"], self.text)),
                dbSecret=lambda: {"vaultPath": self.any(["teams/a", "", None], 1), **self.part(secretName=lambda: self.any(["db", "Db"], 1))},
                dbInitJob=lambda: {"enabled": True, "sql": self.text(), **self.part(image=lambda: self.any(["psql:1", ""], 1), waitTable=self.text)},
                externalSecret=self.secret,
                extraExternalSecrets=lambda: self.some(self.secret, 2),
                registryCredentials=lambda: {"vaultKey": self.any(["a", ""], 1), **self.part(secretName=lambda: self.any(["pull", "Pull"], 1))},
                metrics=lambda: {"enabled": True, **self.part(port=lambda: self.any([9090, 8080, 0]))},
                blueGreen=lambda: {"enabled": self.any([True, False])},
            ),
        }  # fmt: skip

    def tenant(self) -> dict[str, Any]:
        limits = lambda: self.map(RESOURCES, self.quantity)  # noqa: E731
        quotas = lambda: self.map(QUOTA_NAMES, self.quantity, 5)  # noqa: E731
        return {
            "tenant": {
                "name": "labs",
                **self.part(
                    teams=lambda: self.some(lambda: {"name": self.any(["red", "blue", "green", "preview", "Red", "x" * 60, "a.b"], 3)}),
                    quotas=quotas,
                    limitRange=lambda: {"enabled": True, **self.part(default=limits, defaultRequest=limits, max=limits)},
                    networking=lambda: {"allowInternetEgress": self.maybe(), "nodePublicCIDRs": self.some(lambda: self.any(ADDRESSES, 16), 5)},
                    preview=lambda: self.part(enabled=lambda: self.any([True, False]), quotas=quotas),
                    externalSecretPatchTargets=lambda: self.some(lambda: self.any(["a", "A"])),
                    secretStore=lambda: self.part(enabled=lambda: True, name=lambda: self.any(["s", "S", "5"]), serviceAccountName=lambda: self.any(["s", "S", "5"]), version=lambda: self.any(["v1", "v2", "v3", 2])),
                    ghcrCredentials=lambda: {"enabled": self.maybe()},
                    podSecurityLevel=lambda: self.any(["baseline", "restricted", "x"]),
                ),
            }
        }  # fmt: skip
