"""Reads the world from any repository of the layout: the installation's, another address, or a folder on disk.

For looking only: a repository on disk is opened as it is, and nothing is ever written to it.
"""

from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from urllib.parse import unquote, urlsplit, urlunsplit

import pygit2

from core import clock
from integrations.errors import Missing, Refused
from integrations.gitops.gateway import Gitops
from integrations.gitops.model import Revision, World
from integrations.gitops.reading import Reader

REMOTE_SCHEMES = {"http", "https", "ssh"}


def world_of(
    place: str,
    *,
    cache_dir: Path,
    base_paths: Sequence[str],
    branch: str = "",
    credentials: tuple[str, str] = ("", ""),
) -> World:
    """The newest world of the repository at an address or path; the first of `base_paths` that exists counts.

    `credentials` (user, password) count where the address has none of its own. `branch` "" means the one checked out,
    or main and then master of a remote repository. Raises Missing, Refused, Unreachable.
    """
    if urlsplit(place).scheme in REMOTE_SCHEMES or ("@" in place and ":" in place and "://" not in place):
        return _remote_world(place, cache_dir, base_paths, branch, credentials)
    return _local_world(Path(place.removeprefix("file://")).expanduser(), base_paths, branch)


def _remote_world(
    url: str, cache_dir: Path, base_paths: Sequence[str], branch: str, credentials: tuple[str, str]
) -> World:
    bare, username, password = credentials_in(url)
    if not username:
        username, password = credentials
    branches = [branch] if branch else ["main", "master"]
    for name in branches:
        repository = Gitops(bare, cache_dir=cache_dir, username=username, token=password, branch=name)
        try:
            revision = repository.fetch()
        except Missing:
            if name == branches[-1]:
                raise
            continue
        return repository.healed(partial(_first_world, repository.reader, revision, base_paths))
    raise Missing("gitops", "The repository has no branch to read.")


def credentials_in(url: str) -> tuple[str, str, str]:
    """(address without them, user, password) of an http(s) address."""
    parts = urlsplit(url)
    if parts.scheme not in {"http", "https"} or "@" not in parts.netloc:
        return url, "", ""
    host = parts.netloc.rpartition("@")[2]
    bare = urlunsplit((parts.scheme, host, parts.path, parts.query, ""))
    return bare, unquote(parts.username or ""), unquote(parts.password or "")


def _local_world(path: Path, base_paths: Sequence[str], branch: str) -> World:
    if not path.exists():
        raise Missing("gitops", f"There is nothing at {path}.", remedy="Name a git repository or its address.")
    found = pygit2.discover_repository(str(path))
    if found is None:
        raise Refused("gitops", f"{path} is not a git repository.", remedy="Run git init and commit the files there.")
    # Somebody else's checkout is only read, so whose it is does not matter.
    pygit2.settings.owner_validation = False
    repository = pygit2.Repository(found)
    try:
        reference = repository.lookup_branch(branch) if branch else repository.head
        commit = reference.peel(pygit2.Commit)
    except (KeyError, AttributeError, pygit2.GitError) as error:
        raise Missing("gitops", f"The repository has no {branch or 'commit'} yet.") from error
    revision = Revision(str(commit.id), clock.now())
    return _first_world(lambda base: Reader(lambda: repository, base), revision, base_paths)


def _first_world(reader: Callable[[str], Reader], revision: Revision, base_paths: Sequence[str]) -> World:
    for base_path in base_paths:
        found = reader(base_path)
        if found.has_layout(revision.sha):
            return found.world(revision)
    folders = " or ".join(f"{base_path or '.'}/" for base_path in base_paths)
    raise Missing(
        "gitops",
        f"The repository has neither tenants nor services under {folders}",
        remedy="Name the folder of the layout with --base-path.",
    )
