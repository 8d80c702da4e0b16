"""Builds the sandbox's GitOps repository: today's files from this folder, and how they came to be from history.yaml.

The history is made backwards: the newest revision is exactly the files beside this module, and each older one undoes
the edit of the commit after it. So the files stay readable by themselves and the two can never disagree.
"""

import random
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pygit2
import yaml

from core import clock

WORLD = Path(__file__).resolve().parent
START = WORLD.parent.parent / "deploy" / "gitops"
BASE_PATH = "platform-gitops"
PLACEHOLDER_URL = "https://git.invalid/gitops.git"
AGES = {"d": 86400, "h": 3600, "m": 60}
SUFFIX_LETTERS = "abcdefghijklmnopqrstuvwxyz0123456789"

Files = dict[str, bytes]


@dataclass(frozen=True, slots=True)
class PastCommit:
    """`files` is the whole tree after it, by path in the repository."""

    author: str
    when: datetime
    message: str
    files: Files


def seed(repository: Path, url: str) -> str:
    """Makes the bare repository; returns the newest commit's id. `url` becomes the address Argo CD reads from."""
    repo = pygit2.init_repository(str(repository), bare=True, initial_head="main")
    for key, value in {
        "http.receivepack": True,
        "receive.denyNonFastForwards": True,
        # No process outlives a request here.
        "receive.autogc": False,
        "gc.auto": 0,
    }.items():
        repo.config[key] = value
    parents: list[pygit2.Oid] = []
    for commit in past_commits(clock.now(), url):
        who = signature(commit.author, commit.when)
        parents = [repo.create_commit(None, who, who, commit.message, write_tree(repo, commit.files), parents)]
    repo.references.create("refs/heads/main", parents[0])
    return str(parents[0])


def signature(author: str, when: datetime) -> pygit2.Signature:
    return pygit2.Signature(author, f"{author}@example.dev", int(when.timestamp()), 0)


def past_commits(now: datetime, url: str) -> list[PastCommit]:
    """Oldest first."""
    steps = yaml.safe_load((WORLD / "history.yaml").read_text(encoding="utf-8"))
    files = today(url)
    commits = []
    for number, step in reversed(list(enumerate(steps))):
        when = now - timedelta(seconds=int(step["age"][:-1]) * AGES[step["age"][-1]])
        commits.append(PastCommit(step["author"], when, message(number, step), dict(files)))
        undo(step, files)
    if files:
        raise ValueError(f"No commit of the history adds {sorted(files)}.")
    return commits[::-1]


def today(url: str) -> Files:
    files = {f"{BASE_PATH}/{path.relative_to(START)}": path.read_bytes() for path in START.rglob("*") if path.is_file()}
    for folder in ("tenants", "services"):
        for path in (WORLD / folder).rglob("values.yaml"):
            files[f"{BASE_PATH}/{path.relative_to(WORLD)}"] = path.read_bytes()
    return {path: content.replace(PLACEHOLDER_URL.encode(), url.encode()) for path, content in files.items()}


def undo(step: dict[str, Any], files: Files) -> None:
    for added in step.get("adds", []):
        if added == "charts":
            kept = {path for path in files if path.startswith((f"{BASE_PATH}/tenants/", f"{BASE_PATH}/services/"))}
            for path in set(files) - kept:
                del files[path]
        else:
            del files[f"{BASE_PATH}/{added}"]
    if edit := step.get("edit"):
        path = f"{BASE_PATH}/{edit['file']}"
        if files[path].count(edit["after"].encode()) != 1:
            raise ValueError(f"{edit['after']!r} must stand exactly once in {edit['file']}.")
        files[path] = files[path].replace(edit["after"].encode(), edit["before"].encode())


def message(number: int, step: dict[str, Any]) -> str:
    """Commits made through the product carry its trailers; those made by hand do not."""
    parts = [step["subject"]]
    if body := step.get("body"):
        parts.append(body)
    if via := step.get("via"):
        letters = "".join(random.Random(number).choices(SUFFIX_LETTERS, k=5))
        trailers = {"Operation-Id": f"{operation_name(step['subject'])}-{letters}", "Requested-By": step["author"]}
        parts.append("\n".join(f"{name}: {value}" for name, value in {**trailers, "Requested-Via": via}.items()))
    return "\n\n".join(parts) + "\n"


def operation_name(subject: str) -> str:
    names = {"feat(tenant)": "create-tenant", "scale": "scale-service"}
    return names.get(subject.partition(":")[0], "deploy-service")


def write_tree(repo: pygit2.Repository, files: Files) -> pygit2.Oid:
    index = pygit2.Index()
    for path, content in sorted(files.items()):
        index.add(pygit2.IndexEntry(path, repo.create_blob(content), pygit2.enums.FileMode.BLOB))
    return index.write_tree(repo)
