"""The faults in force, as the kubelet asks for them: by the pod whose container it is about to run."""

from collections.abc import Callable

from sandbox.controllers.client import Thing
from sandbox.controllers.cluster import Cluster
from sandbox.controllers.kinds import CONFIG_MAP
from sandbox.faults import CONFIG_NAME, NAMESPACE_NAME, ActiveFault, read
from sandbox.faults.kinds import tag_of
from sandbox.registry import Program


class FaultBook:
    """Tells its listeners whenever the set of faults changes."""

    def __init__(self, cluster: Cluster) -> None:
        self._active: list[ActiveFault] = []
        self._listeners: list[Callable[[], None]] = []
        chosen = f"metadata.name={CONFIG_NAME},metadata.namespace={NAMESPACE_NAME}"
        cluster.cache(CONFIG_MAP, fieldSelector=chosen).subscribe(self._changed)

    def subscribe(self, listener: Callable[[], None]) -> None:
        self._listeners.append(listener)

    def all(self) -> list[ActiveFault]:
        return list(self._active)

    def of(self, pod: Thing) -> list[ActiveFault]:
        tenant, service = service_of(pod)
        return [one for one in self._active if (one.tenant, one.service) == (tenant, service)]

    def applied(self, pod: Thing, program: Program) -> Program:
        """The program as the faults of this pod's service have it behave."""
        for one in self.of(pod):
            if one.concerns(program):
                program = one.fault.change(program, one.settings)
        return program

    def refusal(self, pod: Thing, reference: str) -> str:
        """How the registry refuses this image to this pod; empty where it does not."""
        tag = tag_of(reference)
        return next((one.fault.refusal for one in self.of(pod) if one.fault.refusal and one.concerns_tag(tag)), "")

    def _changed(self, old: Thing | None, new: Thing | None) -> None:
        active = read(new)
        if active != self._active:
            self._active = active
            for listener in self._listeners:
                listener()


def service_of(thing: Thing) -> tuple[str, str]:
    """(tenant, service) by the chart's instance label; pods of other workloads count by their `app` label."""
    meta = thing["metadata"]
    labels = meta.get("labels") or {}
    instance = labels.get("app.kubernetes.io/instance") or labels.get("app") or ""
    return meta.get("namespace", ""), instance.removeprefix(f"{meta.get('namespace', '')}-")
