"""What an Application wants: sources at their commits, charts rendered by Helm, objects stamped as its own."""

import asyncio
import hashlib
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import orjson
import yaml

from integrations import helm
from integrations.errors import IntegrationError, Refused
from sandbox.controllers.argocd.repository import Repositories, RepositoryError
from sandbox.controllers.client import Thing
from sandbox.controllers.kinds import split_api_version

TRACKING = "argocd.argoproj.io/tracking-id"
REMEMBERED = 1024
GATHER_S = 0.02
# Larger batches would let one runaway template hold up everybody.
BATCH = 20


class RenderFailed(Exception):
    """The text is the ComparisonError's message."""


@dataclass(frozen=True, slots=True)
class Rendered:
    """`revisions` has one commit for each source; `types` what each is taken for."""

    revisions: tuple[str, ...]
    types: tuple[str, ...]
    objects: tuple[Thing, ...]


def sources_of(application: Thing) -> list[dict[str, Any]]:
    spec = application["spec"]
    return list(spec.get("sources") or ([spec["source"]] if spec.get("source") else []))


def is_multi(application: Thing) -> bool:
    return bool(application["spec"].get("sources"))


class Renderer:
    """Renders charts in batches, because an engine's start costs more than a chart; keeps results by content."""

    def __init__(self, repositories: Repositories) -> None:
        self.repositories = repositories
        self._kept: OrderedDict[str, list[Thing]] = OrderedDict()
        self._waiting: list[tuple[helm.RenderJob, asyncio.Future[list[Thing]]]] = []
        self._wake = asyncio.Event()

    async def run(self) -> None:
        while True:
            await self._wake.wait()
            await asyncio.sleep(GATHER_S)
            batch, self._waiting = self._waiting[:BATCH], self._waiting[BATCH:]
            if not self._waiting:
                self._wake.clear()
            await self._render(batch)

    async def rendered(
        self, application: Thing, *, max_age_s: float = 0.0, hard: bool = False, revisions: Sequence[str] = ()
    ) -> Rendered:
        """At the revisions given, one for each source, else at what the sources ask for; from a fetch no older than
        `max_age_s`. Raises RenderFailed.
        """
        sources = sources_of(application)
        try:
            asked = revisions or [source.get("targetRevision") or "HEAD" for source in sources]
            commits = [
                await self._commit(source, revision, max_age_s) for source, revision in zip(sources, asked, strict=True)
            ]
            by_ref = {
                source["ref"]: (source, commit)
                for source, commit in zip(sources, commits, strict=True)
                if source.get("ref")
            }
            objects: list[Thing] = []
            types = []
            for source, commit in zip(sources, commits, strict=True):
                found, kind = await self._of_source(application, source, commit, by_ref, hard=hard)
                objects += found
                types.append(kind)
        except (RepositoryError, IntegrationError) as error:
            raise RenderFailed(_worded(error, multi=is_multi(application))) from error
        return Rendered(tuple(commits), tuple(types), tuple(objects))

    async def _commit(self, source: dict[str, Any], revision: str, max_age_s: float) -> str:
        repository = self.repositories.at(source["repoURL"])
        await repository.refresh(max_age_s=max_age_s)
        return repository.resolve(revision)

    async def _of_source(
        self, application: Thing, source: dict[str, Any], commit: str, by_ref: dict[str, Any], *, hard: bool
    ) -> tuple[list[Thing], str]:
        if source.get("path") is None:
            return [], "Directory"
        repository = self.repositories.at(source["repoURL"])
        path = source["path"].strip("/")
        if repository.text(commit, f"{path}/Chart.yaml") is None:
            return _documents(repository.files(commit, path)), "Directory"
        chart = await asyncio.to_thread(repository.exported, commit, path)
        values = self._values(source, commit, by_ref)
        release = (source.get("helm") or {}).get("releaseName") or application["metadata"]["name"]
        namespace = application["spec"]["destination"].get("namespace", "")
        job = helm.RenderJob(chart, release, namespace, tuple(values))
        return await self._chart(job, repository.tree_id(commit, path), hard=hard), "Helm"

    def _values(self, source: dict[str, Any], commit: str, by_ref: dict[str, Any]) -> list[str]:
        """YAML texts, later ones winning. Raises RepositoryError for a file that is not there."""
        chosen = source.get("helm") or {}
        texts = []
        for name in chosen.get("valueFiles") or []:
            where, at, path = source, commit, f"{source['path'].strip('/')}/{name}"
            if name.startswith("$"):
                ref, _, path = name[1:].partition("/")
                if ref not in by_ref:
                    raise RepositoryError(
                        f"rpc error: code = Unknown desc = source referenced {ref!r}, but no source "
                        "has a ref by that name"
                    )
                where, at = by_ref[ref]
            text = self.repositories.at(where["repoURL"]).text(at, path)
            if text is None and not chosen.get("ignoreMissingValueFiles"):
                raise RepositoryError(
                    "rpc error: code = Unknown desc = failed to execute helm template command: failed to get command "
                    f"args to log: open {path}: no such file or directory"
                )
            texts += [text] if text is not None else []
        if chosen.get("values"):
            texts.append(chosen["values"])
        if chosen.get("valuesObject"):
            texts.append(yaml.safe_dump(chosen["valuesObject"]))
        if chosen.get("parameters"):
            texts.append(yaml.safe_dump(_nested(chosen["parameters"])))
        return texts

    async def _chart(self, job: helm.RenderJob, tree: str, *, hard: bool) -> list[Thing]:
        key = hashlib.sha256(orjson.dumps([tree, job.release, job.namespace, list(job.values)])).hexdigest()
        if hard or key not in self._kept:
            future: asyncio.Future[list[Thing]] = asyncio.get_running_loop().create_future()
            self._waiting.append((job, future))
            self._wake.set()
            self._kept[key] = await future
            if len(self._kept) > REMEMBERED:
                self._kept.popitem(last=False)
        self._kept.move_to_end(key)
        return self._kept[key]

    async def _render(self, batch: list[tuple[helm.RenderJob, asyncio.Future[list[Thing]]]]) -> None:
        try:
            outcomes = await asyncio.to_thread(helm.render_many, [job for job, _ in batch])
        except IntegrationError as error:
            outcomes = [error] * len(batch)  # type: ignore[list-item]
        for (_, future), outcome in zip(batch, outcomes, strict=True):
            if future.done():
                continue
            if isinstance(outcome, IntegrationError):
                future.set_exception(outcome)
            else:
                future.set_result(outcome)


def stamped(application: Thing, thing: Thing, *, namespaced: bool) -> Thing:
    """A copy with namespace and tracking id, as Argo CD applies it."""
    meta = dict(thing.get("metadata") or {})
    if namespaced:
        meta.setdefault("namespace", application["spec"]["destination"].get("namespace", ""))
    else:
        meta.pop("namespace", None)
    group, _ = split_api_version(thing["apiVersion"])
    name = application["metadata"]["name"]
    tracking = f"{name}:{group}/{thing['kind']}:{meta.get('namespace', '')}/{meta['name']}"
    meta["annotations"] = {**(meta.get("annotations") or {}), TRACKING: tracking}
    return {**thing, "metadata": meta}


def owner_of(thing: Thing) -> str:
    """The Application an object is tracked by; empty for objects nobody tracks, or that are copies of tracked ones."""
    meta = thing["metadata"]
    tracking = (meta.get("annotations") or {}).get(TRACKING, "")
    name, _, rest = tracking.partition(":")
    group, _ = split_api_version(thing.get("apiVersion", ""))
    same = rest == f"{group}/{thing.get('kind')}:{meta.get('namespace', '')}/{meta['name']}"
    return name if same else ""


def _documents(files: dict[str, bytes]) -> list[Thing]:
    found: list[Thing] = []
    for path, content in sorted(files.items()):
        if path.endswith((".yaml", ".yml", ".json")) and "/" not in path:
            found += [one for one in yaml.safe_load_all(content) if isinstance(one, dict) and one.get("kind")]
    return found


def _nested(parameters: list[dict[str, Any]]) -> dict[str, Any]:
    """`[{name: image.tag, value: "1"}]` -> `{image: {tag: "1"}}`."""
    found: dict[str, Any] = {}
    for one in parameters:
        *heads, last = one["name"].split(".")
        place = found
        for head in heads:
            place = place.setdefault(head, {})
        place[last] = str(one["value"]) if one.get("forceString") else yaml.safe_load(str(one["value"]))
    return found


def _worded(error: Exception, *, multi: bool) -> str:
    where = " for source 1 of 2" if multi else ""
    if isinstance(error, Refused):
        detail = error.facts.get("detail") or error.sentence
        return (
            f"Failed to load target state: failed to generate manifest{where}: rpc error: code = Unknown desc = "
            f"failed to execute helm template command: Error: {detail}"
        )
    return f"Failed to load target state: failed to generate manifest{where}: {error}"
