"""A snapshot out of files: YAML or JSON documents or Lists as kubectl prints them, and logs beside them."""

import json
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

import yaml

from diagnosis.rules.facts.objects import when
from diagnosis.rules.facts.snapshot import Snapshot, Source, flattened

SUFFIXES = frozenset({".yaml", ".yml", ".json"})
MOST_LOG_BYTES = 512 * 1024
LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


def read_dump(path: Path, logs: Path | None = None) -> Snapshot:
    """`path` is a file or a folder of files, `logs` a folder with <pod>__<container>[.previous].txt.

    Raises OSError for files that cannot be read and ValueError for a file that is neither YAML nor JSON.
    """
    files = sorted(entry for entry in path.rglob("*") if entry.suffix in SUFFIXES) if path.is_dir() else [path]
    documents = [document for entry in files for document in _documents(entry)]
    kept = dict(_logs(logs)) if logs is not None and logs.is_dir() else {}
    sources = [Source(f"dump {path.name}"), Source("logs", ok=True, error="" if kept else "no log files given")]
    return Snapshot(flattened(documents), kept, sources)


STAMPS = frozenset(
    {"creationTimestamp", "lastTimestamp", "eventTime", "lastObservedTime", "lastTransitionTime", "lastHeartbeatTime",
     "reconciledAt", "startedAt", "finishedAt", "refreshTime"}
)  # fmt: skip


def taken_at(snapshot: Snapshot) -> datetime | None:
    """When a dump was taken, as near as it tells: the newest time at which anything in it happened."""
    return max((moment for obj in snapshot.objects for moment in _stamps(obj)), default=None)


def _stamps(value: object) -> Iterator[datetime]:
    if isinstance(value, dict):
        for key, below in value.items():
            moment = when(below) if key in STAMPS else None
            if moment is not None:
                yield moment
            elif isinstance(below, (dict, list)):
                yield from _stamps(below)
    elif isinstance(value, list):
        for below in value:
            yield from _stamps(below)


def _documents(path: Path) -> Iterator[object]:
    text = path.read_text(encoding="utf-8", errors="replace")
    try:
        if path.suffix == ".json":
            yield json.loads(text)
        else:
            yield from yaml.load_all(text, Loader=LOADER)
    except (yaml.YAMLError, json.JSONDecodeError) as error:
        raise ValueError(f"{path.name} is neither YAML nor JSON: {error}") from error


def _logs(folder: Path) -> Iterator[tuple[tuple[str, str, bool], str]]:
    for path in sorted(folder.glob("*__*.txt")):
        stem = path.name.removesuffix(".txt")
        previous = stem.endswith(".previous")
        pod, _, container = stem.removesuffix(".previous").partition("__")
        yield (pod, container, previous), _tail(path)


def _tail(path: Path) -> str:
    """The last part of a log, bounded; a log is data from outside and may be of any size."""
    with path.open("rb") as stream:
        stream.seek(0, 2)
        stream.seek(max(0, stream.tell() - MOST_LOG_BYTES))
        return stream.read().decode("utf-8", errors="replace")
