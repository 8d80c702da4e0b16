"""Each system taken away: its own line says so, and every other line says what it said before."""

import sys
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.db import connections
from django.db.migrations.recorder import MigrationRecorder

from core import clock
from integrations.gitops import forget
from mctl.health import Line, State
from observer.models import ObserverLease
from operations.engine import reap
from tests import builders
from tests.accounts.servers import Dex
from tests.system.lines import Ask

pytestmark = pytest.mark.django_db(transaction=True)

GIT = {"GitOps: GitOps repository", "GitOps: Pushing to it"}
BROKER = {"This installation: Broker", "Processes: Workers"}
CACHE = {"This installation: Cache", "Processes: Beat"}
CLUSTER = {"Cluster: Kubernetes", "Cluster: Argo CD", "Cluster: ApplicationSet"}
RIGHTS = "Rights in Kubernetes: Rights"


@pytest.fixture(scope="module")
def asked_once() -> dict[str, Line]:
    return {}


@pytest.fixture
def before(ask: Ask, asked_once: dict[str, Line]) -> dict[str, Line]:
    """With everything there but workers, and with a round of the reaper just done."""
    reap()
    if not asked_once:
        asked_once.update(ask())
    return asked_once


def changed(before: dict[str, Line], after: dict[str, Line]) -> set[str]:
    """Names of the lines whose state is another one; the rights, which may become one line, are left out."""
    names = {name for name in {*before, *after} if not name.startswith("Rights")}
    return {
        name for name in names if name not in after or name not in before or before[name].state != after[name].state
    }


def test_what_is_there_is_ok(before: dict[str, Line]) -> None:
    wrong = {name: line for name, line in before.items() if not line.is_well}

    # Another file's controllers may have made the ApplicationSet.
    assert set(wrong) - {"Cluster: ApplicationSet"} == {
        "Processes: Workers",
        "Processes: Observer",
        "People: OIDC issuer",
    }
    assert wrong["Processes: Workers"].sentence == "No worker answers: operations wait."
    assert len([name for name in before if name.startswith("Rights")]) > 30


def test_without_kubernetes(ask: Ask, before: dict[str, Line], settings: Any, emulator_that_is_gone: str) -> None:
    settings.KUBECONFIG = emulator_that_is_gone

    after = ask()

    assert changed(before, after) <= CLUSTER
    assert {after[name].state for name in CLUSTER} == {State.NOT_ASKED}
    assert "does not answer" in after["Cluster: Kubernetes"].sentence
    assert [name for name in after if name.startswith("Rights")] == [RIGHTS]
    assert after[RIGHTS].state is State.NOT_ASKED
    assert {name for name in {*CLUSTER, RIGHTS} if after[name].fails} == {"Cluster: Kubernetes"}


@pytest.fixture
def emulator_that_is_gone(kubernetes: Path, tmp_path: Path) -> str:
    return changed_kubeconfig(kubernetes, tmp_path, "server", "https://127.0.0.1:1")


def changed_kubeconfig(original: Path, folder: Path, key: str, value: str) -> str:
    """A kubeconfig that has `value` wherever the original has another one under `key`."""
    (folder / "kubeconfig").write_text(
        "\n".join(
            f"{line.partition(f'{key}:')[0]}{key}: {value}" if f" {key}:" in line else line
            for line in original.read_text().splitlines()
        )
    )
    return str(folder / "kubeconfig")


def test_without_any_kubeconfig(ask: Ask, before: dict[str, Line], settings: Any) -> None:
    settings.KUBECONFIG = ""

    after = ask()

    assert changed(before, after) <= CLUSTER
    assert {name for name in {*CLUSTER, RIGHTS} if after[name].fails} == {"Cluster: Kubernetes"}
    assert after["Cluster: Kubernetes"].state is State.NOT_CONFIGURED
    assert "MCTL_KUBECONFIG" in after["Cluster: Kubernetes"].remedy


def test_with_credentials_that_the_cluster_does_not_know(
    ask: Ask, before: dict[str, Line], settings: Any, kubernetes: Path, tmp_path: Path
) -> None:
    settings.KUBECONFIG = changed_kubeconfig(kubernetes, tmp_path, "token", "guess")

    after = ask()

    assert after["Cluster: Kubernetes"].state is State.MISSING
    assert "Renew the token" in after["Cluster: Kubernetes"].remedy
    assert after["Cluster: ApplicationSet"].sentence == "See the line of Kubernetes."


def test_a_kubeconfig_that_is_not_there_or_no_yaml_is_named(
    ask: Ask, before: dict[str, Line], settings: Any, tmp_path: Path
) -> None:
    settings.KUBECONFIG = str(tmp_path / "nobody")
    absent = ask()
    (tmp_path / "broken").write_text("apiVersion: v1\nclusters: [}\n")
    settings.KUBECONFIG = str(tmp_path / "broken")
    broken = ask()

    assert "MCTL_KUBECONFIG names no file that exists" in absent["Cluster: Kubernetes"].sentence
    assert "The file of MCTL_KUBECONFIG is no YAML, line 2" in broken["Cluster: Kubernetes"].sentence
    for found in (absent, broken):
        assert {name for name in {*CLUSTER, RIGHTS} if found[name].fails} == {"Cluster: Kubernetes"}


def test_without_the_namespace_of_argo_cd(ask: Ask, before: dict[str, Line], settings: Any) -> None:
    settings.ARGOCD_NAMESPACE = "nowhere"

    after = ask()["Cluster: Argo CD"]

    assert (after.state, after.sentence) == (State.MISSING, "There is no namespace nowhere.")


def test_without_the_git_server(ask: Ask, before: dict[str, Line], settings: Any) -> None:
    settings.GITOPS_URL = "http://127.0.0.1:1/gitops.git"
    forget()

    after = ask()

    assert changed(before, after) == GIT
    assert after["GitOps: GitOps repository"].state is State.NOT_ASKED


def test_with_a_wrong_git_token(ask: Ask, before: dict[str, Line], settings: Any) -> None:
    settings.GITOPS_TOKEN = "not-the-token"
    forget()

    after = ask()

    assert changed(before, after) == GIT
    assert {after[name].state for name in GIT} == {State.MISSING}
    assert "MCTL_GITOPS_TOKEN" in after["GitOps: GitOps repository"].remedy
    assert not any("not-the-token" in text for line in after.values() for text in (line.sentence, line.remedy))


def test_with_another_folder_than_that_of_the_layout(ask: Ask, before: dict[str, Line], settings: Any) -> None:
    settings.GITOPS_BASE_PATH = "elsewhere"
    forget()

    after = ask()

    assert changed(before, after) == {"GitOps: GitOps repository"}
    assert "elsewhere" in after["GitOps: GitOps repository"].sentence


def test_without_a_repository(ask: Ask, before: dict[str, Line], settings: Any) -> None:
    settings.GITOPS_URL = ""
    forget()

    after = ask()

    assert changed(before, after) == GIT
    repository, pushing = (after[name] for name in sorted(GIT))
    assert (repository.state, repository.fails, pushing.fails) == (State.NOT_CONFIGURED, True, False)


def test_an_installation_that_only_reads_need_not_push(ask: Ask, before: dict[str, Line], settings: Any) -> None:
    settings.READ_ONLY = True
    settings.GITOPS_TOKEN = "not-the-token"
    forget()

    pushing = ask()["GitOps: Pushing to it"]

    assert (pushing.state, pushing.fails) == (State.NOT_CONFIGURED, False)


def test_without_a_broker(ask: Ask, before: dict[str, Line], broker_at: Callable[[str], None], tmp_path: Path) -> None:
    broker_at(f"redis+socket://{tmp_path}/nobody.sock")

    after = ask()

    # Another file's reaper may have left its mark in the cache before.
    assert changed(before, after) - {"Processes: Beat"} == BROKER
    assert {after[name].state for name in BROKER} == {State.NOT_ASKED}
    assert "MCTL_BROKER_URL" in after["This installation: Broker"].remedy


def test_without_a_cache(ask: Ask, before: dict[str, Line], settings: Any, tmp_path: Path) -> None:
    settings.CACHES = {"default": {**settings.CACHES["default"], "LOCATION": f"unix://{tmp_path}/nobody.sock"}}

    after = ask()

    assert changed(before, after) == CACHE
    assert after["This installation: Cache"].state is State.NOT_ASKED


def test_without_a_channel_layer(ask: Ask, before: dict[str, Line], settings: Any, tmp_path: Path) -> None:
    layer = settings.CHANNEL_LAYERS["default"]
    gone = {**layer, "CONFIG": {**layer["CONFIG"], "hosts": [f"unix://{tmp_path}/nobody.sock"]}}
    settings.CHANNEL_LAYERS = {"default": gone}

    assert changed(before, ask()) == {"This installation: Channel layer"}


def test_without_a_database(ask: Ask, before: dict[str, Line], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(connections.settings["default"], "NAME", str(tmp_path))

    after = ask()

    wrong = changed(before, after)
    # A pool that holds connections still answers for the migrations.
    assert "This installation: Database" in wrong
    assert wrong <= {
        "This installation: Database",
        "This installation: Migrations",
        "Processes: Observer",
        "Sources of the mirror: Sources",
    }
    assert after["This installation: Database"].state is State.NOT_ASKED


def test_without_the_newest_migration(ask: Ask, before: dict[str, Line]) -> None:
    newest = MigrationRecorder.Migration.objects.filter(app="operations").latest("id")
    newest.delete()
    after = ask()
    newest.save()

    assert changed(before, after) == {"This installation: Migrations"}
    assert newest.name in after["This installation: Migrations"].sentence
    assert after["This installation: Migrations"].remedy == "Run: python manage.py migrate"


@pytest.mark.parametrize(("seconds", "state"), [(5, State.OK), (-5, State.MISSING)])
def test_an_observer_is_known_by_its_lease(ask: Ask, seconds: int, state: State) -> None:
    until = clock.now() + timedelta(seconds=seconds)
    ObserverLease.objects.create(name="mirror", holder="node-7:1f", until=until)

    assert ask()["Processes: Observer"].state is state


def test_beat_is_known_by_the_rounds_it_sends(
    ask: Ask, before: dict[str, Line], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert before["Processes: Beat"].is_well
    later = clock.now() + timedelta(hours=1)
    monkeypatch.setattr("mctl.health.own.now", lambda: later)

    assert ask()["Processes: Beat"].state is State.MISSING


def test_each_source_of_the_mirror_has_its_line_and_the_word_of_its_error(ask: Ask) -> None:
    builders.source("kubernetes:pods", label="Pods", error="Kubernetes does not allow us to list pods.")
    builders.source("kubernetes:deployments", label="Deployments")

    found = ask()

    assert found["Sources of the mirror: Deployments"].is_well
    pods = found["Sources of the mirror: Pods"]
    assert (pods.state, pods.fails) == (State.NOT_ASKED, False)
    assert pods.sentence.startswith("Kubernetes does not allow us to list pods. Last read ")
    assert "rights" in pods.remedy


def test_a_source_that_was_read_too_long_ago_is_said_to_be_old(ask: Ask) -> None:
    source = builders.source("github", label="GitHub teams")
    source.last_contact_at = clock.now() - timedelta(hours=1)
    source.save()

    teams = ask()["Sources of the mirror: GitHub teams"]

    assert teams.sentence.startswith("Too long ago: last read 36")
    assert "processes" in teams.remedy


def test_github_does_not_know_the_token(ask: Ask, before: dict[str, Line], settings: Any) -> None:
    settings.GITHUB_TOKEN = "ghp_nobody_knows_this"

    after = ask()

    assert changed(before, after) == {"People: GitHub"}
    assert after["People: GitHub"].state is State.MISSING


def test_github_shows_no_such_organisation(ask: Ask, before: dict[str, Line], settings: Any) -> None:
    settings.GITHUB_ORG = "nobodys"

    assert "sees no organisation nobodys" in ask()["People: GitHub"].sentence


def test_github_is_away_or_not_configured(ask: Ask, before: dict[str, Line], settings: Any) -> None:
    settings.GITHUB_URL = "http://127.0.0.1:1"
    away = ask()
    settings.GITHUB_TOKEN = ""
    unset = ask()["People: GitHub"]

    assert changed(before, away) == {"People: GitHub"}
    assert away["People: GitHub"].state is State.NOT_ASKED
    assert (unset.state, unset.fails) == (State.NOT_CONFIGURED, False)


def test_the_issuer_of_a_single_sign_on_publishes_keys(ask: Ask, dex: Dex, settings: Any) -> None:
    there = ask()["People: OIDC issuer"]
    settings.DEX_ISSUER = "http://127.0.0.1:1"
    away = ask()["People: OIDC issuer"]

    assert there.is_well
    assert (away.state, away.fails) == (State.NOT_ASKED, True)


def test_a_contradiction_in_the_settings_is_a_line(ask: Ask, settings: Any) -> None:
    settings.GITHUB_ORG = ""

    found = ask()["This installation: Settings"]

    assert (found.state, found.fails) == (State.NOT_CONFIGURED, False)
    assert "MCTL_GITHUB_ORG" in found.remedy


def test_without_helm(ask: Ask, before: dict[str, Line], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    # To Python this means that there is no such module.
    monkeypatch.setitem(sys.modules, "helm_python", None)

    assert ask()["GitOps: Helm"].state is State.MISSING
