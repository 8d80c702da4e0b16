"""Charts and values in, Kubernetes objects out. See the package for how and why."""

import importlib.util
import json
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from core.credentials import mask_and_cut
from core.patterns import Pattern
from integrations.errors import Refused, Unreachable
from integrations.helm.schema_words import schema_words
from integrations.yaml.events import UnreadableYaml
from integrations.yaml.text import parse_all

Manifest = dict[str, Any]

PROGRAM = Path(__file__).with_name("render_program.py")
TIMEOUT_S = 10.0
TIMEOUT_PER_JOB_S = 0.05
MEMORY_BYTES = 2 * 1024**3
TEMPLATE_LINE = Pattern(r"([\w./-]+\.(?:yaml|yml|tpl)):(\d{1,9})")
# A check of ours names the key first: "env.A: the variable stands in envValueFrom too."
KEY_FIRST = Pattern(r"[\w./\[\]-]+(?:: )")
LONGEST_REASON = 800
CHARTS_OWN_WORDS = Pattern(r"(?s)execution error at \([^)]*\): (.+)")

# The order in which Helm installs: what others need comes first.
INSTALL_ORDER = (
    *("Namespace", "NetworkPolicy", "ResourceQuota", "LimitRange", "ServiceAccount", "Secret", "SecretStore"),
    *("ExternalSecret", "ConfigMap", "PersistentVolumeClaim", "Role", "RoleBinding", "Service", "Deployment"),
    *("Rollout", "HorizontalPodAutoscaler", "Job", "Ingress"),
)


@dataclass(frozen=True, slots=True)
class RenderJob:
    """`values` are YAML texts; later ones win, as with several -f of the helm program."""

    chart: Path
    release: str
    namespace: str
    values: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        # The helm program would take such a name for a flag.
        if self.release.startswith("-") or self.namespace.startswith("-"):
            sentence = "The name of a release or namespace cannot begin with a dash."
            raise Refused("helm", sentence, remedy="Use a name such as ledger-api.", release=self.release)


def has_engine() -> bool:
    return _helm_program() is not None or importlib.util.find_spec("helm_python") is not None


def render(chart: Path, *, release: str, namespace: str, values: Sequence[str]) -> list[Manifest]:
    """The objects of one release in Helm's order of installation. Raises Refused, Unreachable."""
    outcome = render_many([RenderJob(chart, release, namespace, tuple(values))])[0]
    if isinstance(outcome, Refused):
        raise outcome
    return outcome


def render_many(jobs: Sequence[RenderJob]) -> list[list[Manifest] | Refused]:
    """One entry a job, in order: its objects, or why it does not render. Raises Unreachable."""
    program = _helm_program()
    if program is not None:
        return [_outcome(job, *_render_with_program(program, job)) for job in jobs]
    if importlib.util.find_spec("helm_python") is None:
        raise Unreachable(
            "helm",
            "Charts cannot be rendered here: there is neither a helm program nor the helm-python-sdk package.",
            remedy="Install helm 3 or 4 where MCTL runs.",
        )
    outcomes: list[list[Manifest] | Refused] = []
    while len(outcomes) < len(jobs):
        # The engine dies with a runaway template; the jobs after it get a new process.
        outcomes.extend(_render_with_engine(jobs[len(outcomes) :]))
    return outcomes


def _helm_program() -> str | None:
    return shutil.which("helm")


def _render_with_engine(jobs: Sequence[RenderJob]) -> Iterator[list[Manifest] | Refused]:
    request = {"memory_bytes": MEMORY_BYTES, "jobs": [{**asdict(job), "chart": str(job.chart)} for job in jobs]}
    command = [sys.executable, "-I", str(PROGRAM)]
    output, ended_by = _run(command, json.dumps(request), TIMEOUT_S + TIMEOUT_PER_JOB_S * len(jobs))
    # A line without an end was cut off in the middle.
    answers = [json.loads(line) for line in output.splitlines(keepends=True) if line.endswith("\n")]
    for job, answer in zip(jobs, answers, strict=False):
        yield _outcome(job, "\n---\n".join(_manifest_texts(answer)), answer.get("error", ""))
    if len(answers) < len(jobs):
        yield _outcome(jobs[len(answers)], "", ended_by or "the engine ended without an answer")


def _manifest_texts(answer: dict[str, Any]) -> list[str]:
    manifests: dict[str, str] = answer.get("manifests", {})
    return [text for name, text in sorted(manifests.items()) if name.endswith((".yaml", ".yml")) and text.strip()]


def _render_with_program(program: str, job: RenderJob) -> tuple[str, str]:
    """Standard output and error of `helm template`; the second is empty when all went well."""
    with tempfile.TemporaryDirectory(prefix="helm-") as folder:
        home = Path(folder)
        files = []
        for number, text in enumerate(job.values):
            file = home / f"values-{number}.yaml"
            file.write_text(text, encoding="utf-8", newline="")
            files += ["--values", str(file)]
        limited = [sys.executable, "-I", str(PROGRAM), "--exec", str(MEMORY_BYTES), program]
        arguments = ["template", job.release, str(job.chart), "--namespace", job.namespace, *files]
        return _run_program([*limited, *arguments], home)


def _run_program(command: list[str], home: Path) -> tuple[str, str]:
    try:
        ended = subprocess.run(
            command,
            capture_output=True,
            text=True,
            timeout=TIMEOUT_S,
            check=False,
            env={"HOME": str(home), "HELM_CACHE_HOME": str(home), "HELM_CONFIG_HOME": str(home)},
        )
    except subprocess.TimeoutExpired:
        return "", f"rendering took longer than {TIMEOUT_S:.0f} s"
    return ended.stdout, (ended.stderr.strip() or f"helm ended with {ended.returncode}") if ended.returncode else ""


def _run(command: list[str], request: str, timeout_s: float) -> tuple[str, str]:
    """What the engine's process printed before it ended, and by what it was ended ("" where by itself)."""
    try:
        ended = subprocess.run(
            command, input=request, capture_output=True, text=True, timeout=timeout_s, check=False, env={}
        )
    except subprocess.TimeoutExpired as late:
        printed = late.stdout or b""
        text = printed.decode() if isinstance(printed, bytes) else printed
        return text, f"rendering took longer than {timeout_s:.0f} s"
    if ended.returncode:
        limit = f"rendering needed more than {MEMORY_BYTES // 1024**2} MiB of memory, or the engine failed"
        return ended.stdout, limit
    return ended.stdout, ""


def _outcome(job: RenderJob, text: str, error: str) -> list[Manifest] | Refused:
    if error:
        return _refusal(job, error)
    try:
        documents = parse_all(text)
    except UnreadableYaml as unreadable:
        return _refusal(job, f"a template writes something that is not YAML: {unreadable}")
    if not all(map(_is_object, documents)):
        return _refusal(job, "a template writes something that is not a Kubernetes object")
    return sorted(documents, key=_install_position)


def _is_object(document: Any) -> bool:
    return isinstance(document, dict) and all(
        isinstance(document.get(key), str) and document[key] for key in ("apiVersion", "kind")
    )


def _install_position(manifest: Manifest) -> int:
    kind = manifest["kind"]
    return INSTALL_ORDER.index(kind) if kind in INSTALL_ORDER else len(INSTALL_ORDER)


def _refusal(job: RenderJob, error: str) -> Refused:
    """The engine's message, the template and line taken out of it where it names one."""
    place = TEMPLATE_LINE.search(error)
    reason = CHARTS_OWN_WORDS.search(error)
    key, words = schema_words(error, job.chart, job.values)
    said = mask_and_cut(words or (reason.group(1) if reason else error).strip(), LONGEST_REASON)
    if reason and (first := KEY_FIRST.match(said)):
        key = first.group().removesuffix(": ")
    return Refused(
        "helm",
        f"The chart {job.chart.name} does not render for {job.release}: {said}",
        remedy="Mend the values, or the chart's template at the place named.",
        detail=error,
        reason=said,
        key=key,
        release=job.release,
        template=place.group(1) if place else "",
        line=int(place.group(2)) if place else 0,
    )
