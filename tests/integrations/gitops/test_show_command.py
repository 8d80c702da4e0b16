"""`manage.py gitops show` reads any repository of the layout, wherever it is."""

import io
import json
import subprocess
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from tests.git_host import PASSWORD, USER, GitHost


def show(*arguments: str) -> Any:
    out = io.StringIO()
    call_command("gitops", "show", "--json", *arguments, stdout=out)
    return json.loads(out.getvalue())


@pytest.fixture
def by_hand(tmp_path: Path) -> Path:
    """A work tree somebody made by hand, with the layout at its root."""
    work = tmp_path / "by-hand"
    (work / "tenants" / "shop").mkdir(parents=True)
    (work / "services" / "shop" / "web").mkdir(parents=True)
    (work / "services" / "shop" / "broken").mkdir(parents=True)
    (work / "tenants" / "shop" / "values.yaml").write_text(
        "tenant:\n    name: shop\n    displayName: 'The shop'\n    members: [{userId: mia, role: owner}]\n"
        "    quotas: {pods: 5, limits.cpu: '2'}\n"
    )
    (work / "services" / "shop" / "web" / "values.yaml").write_text(
        "# by hand\nimage: {repository: r.example/web, tag: 1.10.2}\nreplicaCount: 3\n"
        "ingress:\n    enabled: true\n    host: shop.example\ndbSecret:\n    vaultPath: x\n"
    )
    (work / "services" / "shop" / "broken" / "values.yaml").write_text("image: [\n")
    identity = ["-c", "user.name=mia", "-c", "user.email=mia@example.dev"]
    for command in (["init", "-q"], ["add", "."], ["commit", "-qm", "First"]):
        subprocess.run(["git", *identity, *command], cwd=work, check=True)
    return work


def test_a_work_tree_is_shown_with_the_documented_keys(by_hand: Path, capsys: pytest.CaptureFixture[str]) -> None:
    shown = show("--repo", str(by_hand))
    assert shown["tenants"] == [
        {
            "name": "shop",
            "display_name": "The shop",
            "github_team": "",
            "members": [{"userId": "mia", "role": "owner"}],
            "quotas": {"pods": "5", "limits.cpu": "2"},
        }
    ]
    assert shown["services"] == [
        {
            "tenant": "shop",
            "name": "web",
            "image": "r.example/web",
            "tag": "1.10.2",
            "host": "shop.example",
            "port": 8080,
            "replicas": 3,
            "has_database": True,
        }
    ]
    assert len(shown["revision"]) == 40
    assert "services/shop/broken/values.yaml:2" in capsys.readouterr().err


def test_a_bare_repository_and_its_address_show_the_same(git_host: GitHost, git_url: str) -> None:
    address = git_url.replace("http://", f"http://{USER}:{PASSWORD.replace(' ', '%20')}@")
    on_disk, served = show("--repo", str(git_host.bare(git_url))), show("--repo", address)
    assert on_disk == served
    assert len(on_disk["services"]) == 12


def test_the_folder_of_the_layout_can_be_named(by_hand: Path) -> None:
    (by_hand / "ops").mkdir()
    for command in (
        ["mv", "tenants", "services", "ops"],
        ["-c", "user.name=m", "-c", "user.email=m@x", "commit", "-qm", "m"],
    ):
        subprocess.run(["git", *command], cwd=by_hand, check=True)
    assert len(show("--repo", str(by_hand), "--base-path", "ops")["services"]) == 1
    with pytest.raises(CommandError, match="neither tenants nor services"):
        show("--repo", str(by_hand))


@pytest.mark.parametrize(("place", "reason"), [("/nowhere/at/all", "nothing at"), ("{tmp}", "not a git repository")])
def test_a_place_without_a_repository_is_named(place: str, reason: str, tmp_path: Path) -> None:
    with pytest.raises(CommandError, match=reason):
        show("--repo", place.format(tmp=tmp_path))


def test_wrong_credentials_do_not_show_the_password(git_url: str) -> None:
    with pytest.raises(CommandError) as refusal:
        show("--repo", git_url.replace("http://", "http://mctl:hunter2@"))
    assert "hunter2" not in str(refusal.value)


def test_the_text_form_names_every_service(by_hand: Path) -> None:
    out = io.StringIO()
    call_command("gitops", "show", "--repo", str(by_hand), stdout=out, stderr=io.StringIO())
    assert "shop/web  r.example/web:1.10.2  x3  shop.example" in out.getvalue()
