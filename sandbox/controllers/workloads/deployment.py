"""Deployments: a ReplicaSet per template, rolled from old to new within the limits of the strategy."""

from dataclasses import dataclass
from typing import Any

from sandbox.controllers.cache import Key
from sandbox.controllers.client import ApiError, Thing
from sandbox.controllers.cluster import Cluster
from sandbox.controllers.kinds import DEPLOYMENT, POD, REPLICA_SET
from sandbox.controllers.workloads import rollout
from sandbox.controllers.workloads.common import (
    REVISION,
    condition_of,
    controller_uid,
    owned_by,
    pod_is_active,
    removals,
    without_zeros,
)
from sandbox.controllers.workloads.deployment_status import deployment_status, seconds_to_deadline
from sandbox.controllers.workqueue import WorkQueue

DESIRED = "deployment.kubernetes.io/desired-replicas"
MAXIMUM = "deployment.kubernetes.io/max-replicas"
# Annotations that belong to the Deployment itself and are not handed down to its ReplicaSets.
NOT_HANDED_DOWN = {REVISION, DESIRED, MAXIMUM, "kubectl.kubernetes.io/last-applied-configuration"}


@dataclass
class Family:
    """A Deployment with its ReplicaSets: `new` has its template, `old` are the others, oldest first."""

    deployment: Thing
    new: Thing | None
    old: list[Thing]
    created: bool = False

    @property
    def all(self) -> list[Thing]:
        return [*self.old, *([self.new] if self.new else [])]

    @property
    def replicas(self) -> int:
        return int(self.deployment["spec"].get("replicas", 1))


class Deployments:
    def __init__(self, cluster: Cluster) -> None:
        self.cluster, self.clock = cluster, cluster.clock
        self.client = cluster.client.acting_as("deployment-controller")
        self.events = cluster.recorder("deployment-controller")
        self.deployments, self.sets = cluster.cache(DEPLOYMENT), cluster.cache(REPLICA_SET)
        self.pods = cluster.cache(POD)
        self.queue: WorkQueue[Key] = WorkQueue("deployments", self.reconcile)

    def start(self) -> None:
        self.deployments.subscribe(self._changed)
        self.sets.subscribe(self._set_changed)
        self.pods.subscribe(self._pod_changed)
        self.cluster.start(self.queue.run(), name="deployments")

    def _changed(self, old: Thing | None, new: Thing | None) -> None:
        if new is not None:
            self.queue.add((new["metadata"]["namespace"], new["metadata"]["name"]))

    def _set_changed(self, old: Thing | None, new: Thing | None) -> None:
        meta = ((new or old) or {})["metadata"]
        for owner in meta.get("ownerReferences") or []:
            if owner["kind"] == "Deployment":
                self.queue.add((meta["namespace"], owner["name"]))

    def _pod_changed(self, old: Thing | None, new: Thing | None) -> None:
        """Recreate waits for the last old pod to be gone."""
        if new is None and old is not None:
            for replica_set in self.sets.inside(old["metadata"]["namespace"]):
                if replica_set["metadata"]["uid"] == controller_uid(old):
                    self._set_changed(None, replica_set)

    async def reconcile(self, key: Key) -> None:
        deployment = self.deployments.get(*key)
        if deployment is None or deployment["metadata"].get("deletionTimestamp"):
            return
        family = self._family(deployment)
        if not deployment["spec"].get("paused"):
            await self._ensure_new_set(family)
            await self._hand_down(family)
        if self._is_scaling(family):
            await self._scale_in_proportion(family)
        elif not deployment["spec"].get("paused"):
            await self._roll(family)
        await self._report(family)
        await self._clean_up(family)

    def _family(self, deployment: Thing) -> Family:
        uid, template = deployment["metadata"]["uid"], deployment["spec"]["template"]
        sets = [one for one in self.sets.owned_by(uid) if controller_uid(one) == uid]
        sets.sort(key=lambda one: (one["metadata"]["creationTimestamp"], one["metadata"]["name"]))
        same = [one for one in sets if rollout.same_template(one["spec"]["template"], template)]
        new = same[0] if same else None
        return Family(deployment, new, [one for one in sets if one is not new])

    async def _ensure_new_set(self, family: Family) -> None:
        last = max((rollout.revision_of(one["metadata"].get("annotations")) for one in family.old), default=0)
        if family.new is None:
            family.new = await self._create_set(family, revision=last + 1)
            family.created = True
            return
        annotations = family.new["metadata"].get("annotations") or {}
        if rollout.revision_of(annotations) > last:
            return
        # A rollback: the old set is the newest again, and remembers which revisions it has been.
        past = [
            annotations[name]
            for name in ("deployment.kubernetes.io/revision-history", REVISION)
            if annotations.get(name)
        ]
        change = {REVISION: str(last + 1), "deployment.kubernetes.io/revision-history": ",".join(past)}
        family.new = await self._patch_set(family.new, {"metadata": {"annotations": change}})

    async def _create_set(self, family: Family, *, revision: int) -> Thing:
        deployment, meta = family.deployment, family.deployment["metadata"]
        digest = rollout.template_hash(deployment["spec"]["template"])
        template = _with_label(deployment["spec"]["template"], digest)
        limits = rollout.limits_of(deployment["spec"])
        sizes = [one["spec"].get("replicas", 0) for one in family.old]
        size = rollout.new_set_size(family.replicas, limits, new_wanted=0, all_wanted=sum(sizes))
        if (deployment["spec"].get("strategy") or {}).get("type") == "Recreate":
            size = 0 if self._old_pods(family) else family.replicas
        replica_set = {
            "metadata": {
                "name": f"{meta['name']}-{digest}",
                "namespace": meta["namespace"],
                "labels": template["metadata"]["labels"],
                "annotations": {**self._inherited(family, limits), REVISION: str(revision)},
                "ownerReferences": owned_by(deployment),
            },
            "spec": {
                "replicas": size,
                "selector": _selector_with(deployment["spec"]["selector"], digest),
                "template": template,
                **({"minReadySeconds": wait} if (wait := deployment["spec"].get("minReadySeconds")) else {}),
            },
        }
        made = self.sets.observe(await self.client.create(REPLICA_SET, replica_set))
        if size:
            self._tell_scaled(deployment, made, 0, size)
        return made

    def _inherited(self, family: Family, limits: rollout.Limits) -> dict[str, str]:
        own = family.deployment["metadata"].get("annotations") or {}
        handed = {name: value for name, value in own.items() if name not in NOT_HANDED_DOWN}
        return {**handed, DESIRED: str(family.replicas), MAXIMUM: str(family.replicas + limits.surge)}

    async def _hand_down(self, family: Family) -> None:
        """The new set carries the Deployment's annotations, and the Deployment the revision of its new set."""
        if family.new is None:
            return
        wanted = self._inherited(family, rollout.limits_of(family.deployment["spec"]))
        # Only a scaling event may change these two; until it is handled they say what was wanted before.
        known = family.new["metadata"].get("annotations") or {}
        change = {
            name: value for name, value in wanted.items() if known.get(name) != value and name not in (DESIRED, MAXIMUM)
        }
        if change:
            family.new = await self._patch_set(family.new, {"metadata": {"annotations": change}})
        revision = family.new["metadata"]["annotations"][REVISION]
        if (family.deployment["metadata"].get("annotations") or {}).get(REVISION) != revision:
            family.deployment = await self._patch(
                family.deployment, {"metadata": {"annotations": {REVISION: revision}}}
            )

    def _is_scaling(self, family: Family) -> bool:
        for one in family.all:
            desired = (one["metadata"].get("annotations") or {}).get(DESIRED)
            if one["spec"].get("replicas", 0) > 0 and desired is not None and int(desired) != family.replicas:
                return True
        return False

    async def _scale_in_proportion(self, family: Family) -> None:
        active = [one for one in family.all if one["spec"].get("replicas", 0) > 0]
        limits = rollout.limits_of(family.deployment["spec"])
        sizes = [one["spec"]["replicas"] for one in active]
        if len(active) == 1:
            wanted = [family.replicas]
        else:
            wanted = rollout.proportional_sizes(family.replicas + limits.surge if family.replicas else 0, sizes)
        for one, size in zip(active, wanted, strict=True):
            await self._resize(family, one, size)

    async def _roll(self, family: Family) -> None:
        new = family.new
        if new is None:
            return
        if (family.deployment["spec"].get("strategy") or {}).get("type") == "Recreate":
            for one in family.old:
                await self._resize(family, one, 0)
            if not self._old_pods(family):
                await self._resize(family, new, family.replicas)
            return
        limits = rollout.limits_of(family.deployment["spec"])
        sizes = [one["spec"].get("replicas", 0) for one in family.all]
        size = rollout.new_set_size(
            family.replicas, limits, new_wanted=new["spec"].get("replicas", 0), all_wanted=sum(sizes)
        )
        if await self._resize(family, new, size):
            return
        old = [one for one in family.old if one["spec"].get("replicas", 0) > 0]
        smaller = rollout.old_set_sizes(family.replicas, limits, new=_counts(new), old=[_counts(one) for one in old])
        for one, target in zip(old, smaller, strict=True):
            await self._resize(family, one, target)

    def _old_pods(self, family: Family) -> list[Thing]:
        """Pods of old sets that still hold resources, those on their way out included."""
        owned = [pod for one in family.old for pod in self.pods.owned_by(one["metadata"]["uid"])]
        return [pod for pod in owned if pod_is_active(pod) or pod["metadata"].get("deletionTimestamp")]

    async def _resize(self, family: Family, replica_set: Thing, size: int) -> bool:
        """True when the set's size changed."""
        before = replica_set["spec"].get("replicas", 0)
        limits = rollout.limits_of(family.deployment["spec"])
        annotations = {DESIRED: str(family.replicas), MAXIMUM: str(family.replicas + limits.surge)}
        known = replica_set["metadata"].get("annotations") or {}
        stale = size > 0 and any(known.get(name) != value for name, value in annotations.items())
        if before == size and not stale:
            return False
        changed = await self._patch_set(
            replica_set, {"metadata": {"annotations": annotations}, "spec": {"replicas": size}}
        )
        family.new = changed if replica_set is family.new else family.new
        family.old = [changed if one is replica_set else one for one in family.old]
        if before != size:
            self._tell_scaled(family.deployment, changed, before, size)
        return before != size

    def _tell_scaled(self, deployment: Thing, replica_set: Thing, before: int, size: int) -> None:
        direction = "up" if size > before else "down"
        name = replica_set["metadata"]["name"]
        self.events.normal(
            deployment, "ScalingReplicaSet", f"Scaled {direction} replica set {name} from {before} to {size}"
        )

    async def _report(self, family: Family) -> None:
        deployment = family.deployment
        known = deployment.get("status") or {}
        status = deployment_status(deployment, family.new, family.old, clock=self.clock, created=family.created)
        if status != without_zeros(known):
            family.deployment = await self._patch(deployment, {"status": removals(known, status)}, sub="status")
        wait = seconds_to_deadline(family.deployment, self.clock)
        if wait is not None:
            key = (deployment["metadata"]["namespace"], deployment["metadata"]["name"])
            # A second more, because the stamp it is counted from has whole seconds.
            self.queue.add_after(key, self.clock.real(wait) + 1)

    async def _clean_up(self, family: Family) -> None:
        limit = family.deployment["spec"].get("revisionHistoryLimit", 10)
        progressing = condition_of(family.deployment, "Progressing")
        if progressing is None or progressing.get("reason") != "NewReplicaSetAvailable":
            return
        idle = [
            one
            for one in family.old
            if not one["spec"].get("replicas")
            and not (one.get("status") or {}).get("replicas")
            and not one["metadata"].get("deletionTimestamp")
        ]
        idle.sort(key=lambda one: rollout.revision_of(one["metadata"].get("annotations")))
        for one in idle[: max(0, len(idle) - limit)]:
            meta = one["metadata"]
            try:
                await self.client.delete(REPLICA_SET, meta["namespace"], meta["name"])
            except ApiError as error:
                if error.status != 404:
                    raise
            self.sets.forget(one)

    async def _patch_set(self, replica_set: Thing, change: dict[str, Any]) -> Thing:
        meta = replica_set["metadata"]
        return self.sets.observe(await self.client.patch(REPLICA_SET, meta["namespace"], meta["name"], change))

    async def _patch(self, deployment: Thing, change: dict[str, Any], *, sub: str = "") -> Thing:
        meta = deployment["metadata"]
        changed = await self.client.patch(DEPLOYMENT, meta["namespace"], meta["name"], change, sub=sub)
        return self.deployments.observe(changed)


def _counts(replica_set: Thing) -> rollout.Counts:
    status = replica_set.get("status") or {}
    return rollout.Counts(
        replica_set["spec"].get("replicas", 0), status.get("replicas", 0), status.get("availableReplicas", 0)
    )


def _with_label(template: dict[str, Any], digest: str) -> dict[str, Any]:
    meta = {name: value for name, value in (template.get("metadata") or {}).items() if value}
    return {**template, "metadata": {**meta, "labels": {**meta.get("labels", {}), rollout.HASH_LABEL: digest}}}


def _selector_with(selector: dict[str, Any], digest: str) -> dict[str, Any]:
    return {**selector, "matchLabels": {**(selector.get("matchLabels") or {}), rollout.HASH_LABEL: digest}}
