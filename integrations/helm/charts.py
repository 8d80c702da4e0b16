"""Charts as they stand in the GitOps repository at one revision, exported to a folder Helm can read."""

import os
import shutil
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Protocol


class ChartFiles(Protocol):
    """What this gateway needs of the GitOps repository."""

    cache_dir: Path

    def chart_path(self, name: str) -> str: ...

    def tree_files(self, path: str, revision: str = "") -> tuple[str, Mapping[str, bytes]]:
        """The id of the folder's content, and its files."""


def chart_at(gitops: ChartFiles, name: str, revision: str = "") -> Path:
    """The folder of chart `name` at `revision` (empty: the newest fetched). Kept by the id of its content, so a chart
    that did not change is exported once. Raises Missing, Unreachable.
    """
    tree_id, files = gitops.tree_files(gitops.chart_path(name), revision)
    kept = gitops.cache_dir / "charts" / tree_id / name
    if kept.is_dir():
        return kept
    kept.parent.parent.mkdir(parents=True, exist_ok=True)
    fresh = Path(tempfile.mkdtemp(dir=kept.parent.parent, prefix="new-"))
    for path, content in files.items():
        target = fresh / name / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(content)
    try:
        # A rename, so that another process never sees half a chart.
        os.rename(fresh, kept.parent)  # noqa: PTH104
    except OSError:
        shutil.rmtree(fresh, ignore_errors=True)
    return kept
