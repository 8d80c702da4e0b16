"""Deleting takes whatever lies there: nobody needs to be able to read what goes."""

from collections.abc import Callable

import pygit2
import pytest
from pygit2.enums import FileMode

from core.errors import PlanVoid
from integrations.errors import Missing, Unreadable
from integrations.gitops import Change, FileEdit, Gitops
from integrations.gitops.reading import LARGEST_FILE
from tests.git_host import GitHost

Put = Callable[..., None]
FOLDER = "platform-gitops/services/payments/ledger-api/"
ODD = {
    "binary": (b"\x89PNG\xff\xfe", FileMode.BLOB, "It is not UTF-8 text."),
    "large": (b"x" * (LARGEST_FILE + 1), FileMode.BLOB, "2,097,153 bytes"),
    "link": (b"values.yaml", FileMode.LINK, "It is a link"),
}


@pytest.fixture
def put(git_host: GitHost, git_url: str) -> Put:
    """Somebody commits on the server: `put(path, data, mode)`."""

    def commit(path: str, data: bytes, mode: FileMode) -> None:
        bare = pygit2.Repository(str(git_host.bare(git_url)))
        head = bare.references["refs/heads/main"].peel(pygit2.Commit)
        index = pygit2.Index()
        index.read_tree(head.tree)
        index.add(pygit2.IndexEntry(path, bare.create_blob(data), mode))
        ada = pygit2.Signature("ada", "ada@example.dev")
        bare.create_commit("refs/heads/main", ada, ada, f"By hand: {path}", index.write_tree(bare), [head.id])

    return commit


def deletion(path: str) -> Change:
    return Change((FileEdit.delete(path),), "delete: payments/ledger-api", "ada")


@pytest.mark.parametrize("odd", ODD)
def test_a_folder_goes_with_what_cannot_be_read_and_the_plan_says_so(repository: Gitops, put: Put, odd: str) -> None:
    data, mode, words = ODD[odd]
    put(f"{FOLDER}logo.png", data, mode)
    repository.fetch()

    plan = {file.path: file for file in repository.plan(deletion(FOLDER).edits)}
    expected = {path: file.blob_id for path, file in plan.items()}
    repository.commit(deletion(FOLDER), key="k", expected=expected)

    assert words in plan[f"{FOLDER}logo.png"].diff
    with pytest.raises(Missing):
        repository.tree_files(FOLDER.rstrip("/"))


@pytest.mark.parametrize("odd", ODD)
def test_one_file_goes_although_it_cannot_be_read(repository: Gitops, put: Put, odd: str) -> None:
    data, mode, _ = ODD[odd]
    put(f"{FOLDER}logo.png", data, mode)
    repository.fetch()

    assert repository.commit(deletion(f"{FOLDER}logo.png"), key="k").changed

    assert set(repository.tree_files(FOLDER.rstrip("/"))[1]) == {"values.yaml"}


def test_a_link_that_was_added_since_the_plan_voids_it(repository: Gitops, put: Put) -> None:
    seen = {file.path: file.blob_id for file in repository.plan(deletion(FOLDER).edits)}
    put(f"{FOLDER}latest", b"values.yaml", FileMode.LINK)

    with pytest.raises(PlanVoid) as refusal:
        repository.commit(deletion(FOLDER), key="k", expected=seen)

    assert refusal.value.facts["path"] == f"{FOLDER}latest"


def test_a_folder_is_not_deleted_by_the_name_of_a_file(repository: Gitops) -> None:
    with pytest.raises(Unreadable):
        repository.plan(deletion(FOLDER.rstrip("/")).edits)


def test_what_cannot_be_read_is_not_changed(repository: Gitops, put: Put) -> None:
    put(f"{FOLDER}logo.png", b"\x89PNG\xff\xfe", FileMode.BLOB)
    repository.fetch()

    with pytest.raises(Unreadable):
        repository.plan([FileEdit(f"{FOLDER}logo.png", lambda text: f"{text}# painted\n")])
