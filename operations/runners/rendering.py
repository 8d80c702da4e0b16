"""What Helm renders from a values file before and after a change."""

from collections.abc import Callable
from contextlib import suppress
from typing import Any, NamedTuple

from django.core.cache import cache
from redis.exceptions import RedisError

from core.errors import Problem
from integrations.errors import IntegrationError, Missing, Refused
from integrations.gitops import gitops
from integrations.helm import RenderJob, chart_at, render_many

RENDERING_KEPT_S = 600


class Release(NamedTuple):
    """`chart` is the chart's name in the repository, `name` and `namespace` those of the release."""

    chart: str
    name: str
    namespace: str


class Rendering(NamedTuple):
    """Objects before, objects after, warnings."""

    before: list[dict[str, Any]]
    after: list[dict[str, Any]]
    warnings: list[str]


def rendered(
    release: Release, before: str | None, after: str | None, *, refusal: Callable[[Refused], Problem]
) -> Rendering:
    """The objects of both values files; of an absent file there are none.

    A chart that refuses the new values raises `refusal(...)`. An engine that is not there is a warning, since Argo CD
    renders anyway.
    """
    texts = [text for text in (before, after) if text is not None]
    try:
        chart = chart_at(gitops(), release.chart)
        outcomes = render_many([RenderJob(chart, release.name, release.namespace, (text,)) for text in texts])
    except IntegrationError as problem:
        return Rendering([], [], [f"The manifests could not be rendered here: {problem.sentence}"])
    old = outcomes[0] if before is not None else []
    new = outcomes[-1] if after is not None else []
    if isinstance(new, Exception):
        raise refusal(new)
    return Rendering([] if isinstance(old, Exception) else old, new, [])


def rendered_once(
    release: Release, before: str | None, after: str | None, *, refusal: Callable[[Refused], Problem], key: str
) -> Rendering:
    """`rendered`, kept for a while under the plan's hash.

    Confirming asks for the same plan again a moment later, and rendering it twice would make the click wait. A cache
    that is away only costs that time; a failure to render is never kept.
    """
    try:
        kept: Rendering | None = cache.get(f"rendered:{key}")
    except RedisError:
        return rendered(release, before, after, refusal=refusal)
    if kept is None:
        kept = rendered(release, before, after, refusal=refusal)
        if not kept.warnings:
            with suppress(RedisError):
                cache.set(f"rendered:{key}", kept, RENDERING_KEPT_S)
    return kept


def chart_id(chart: str) -> str:
    """The id of the chart's content in git; empty for a repository that keeps its chart elsewhere."""
    try:
        return gitops().tree_files(gitops().chart_path(chart))[0]
    except Missing:
        return ""
