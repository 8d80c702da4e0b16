"""Whose rights the sandbox's processes have: MCTL those of deploy/rbac, controllers and faults the administrator's."""

import json
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

from integrations.errors import Refused
from integrations.kubernetes import cluster, kinds
from sandbox.kubeapi.kubeconfig import read_or_make_tokens
from sandbox.platform import Platform


def test_the_product_may_not_do_what_its_manifest_does_not_say(kubernetes: Path) -> None:
    assert cluster().list(kinds.NAMESPACES)
    with pytest.raises(Refused, match="does not allow us to list secrets"):
        cluster().list(kinds.SECRETS)


def test_faults_are_switched_with_the_administrators_rights(
    kubernetes: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    call_command("fault", "list")

    assert "bad-image-tag" in capsys.readouterr().out


def test_without_an_administrators_file_faults_say_what_to_start(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("MCTL_SANDBOX_ADMIN_KUBECONFIG")

    with pytest.raises(CommandError, match="start `make run`"):
        call_command("fault", "list")


def test_another_cluster_is_used_as_the_given_file_says(tmp_path: Path) -> None:
    platform = Platform(tmp_path, 1, 2, other_cluster=tmp_path / "theirs")

    assert platform.environment()["MCTL_KUBECONFIG"] == str(tmp_path / "theirs")
    assert platform.kubeconfig == tmp_path / "theirs"


def test_tokens_of_a_sandbox_from_before_stay_and_mctl_gets_one_of_its_own(tmp_path: Path) -> None:
    (tmp_path / "tokens.json").write_text(json.dumps({"admin": "a", "reader": "b"}))

    made = read_or_make_tokens(tmp_path)

    assert (made.admin_token, made.reader_token) == ("a", "b")
    assert made.product_token == read_or_make_tokens(tmp_path).product_token != "a"
