"""The product refuses to start with settings that would open it to anybody, and says which."""

import json
import os
import subprocess
import sys
from pathlib import Path
from secrets import token_hex, token_urlsafe
from typing import Any

import pytest

from mctl.safety import is_guessable

ROOT = Path(__file__).resolve().parents[2]
KEY = "Vt0cJ8sM2qXb7LwE5hZr1nYpA9dGu4KfT6iOoB3vCxSjQmHl"
SAFE = {"MCTL_SECRET_KEY": f"{KEY}+/", "DJANGO_SETTINGS_MODULE": "mctl.settings", "PATH": os.environ["PATH"]}
# As docs/proxy.md sets them.
PRODUCTION = {
    **SAFE,
    "MCTL_PUBLIC_URL": "https://mctl.example.dev",
    "MCTL_TRUSTED_PROXIES": "10.0.0.5",
    "MCTL_GITHUB_ORG": "acme",
    "DATABASE_URL": "postgresql://mctl:secret@db.example.dev/mctl",
}


def start_with(**environment: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-c", "from django.conf import settings; settings.DEBUG"]
    return subprocess.run(command, cwd=ROOT, env={**SAFE, **environment}, capture_output=True, text=True, check=False)


def test_safe_settings_start() -> None:
    assert start_with().returncode == 0


@pytest.mark.parametrize(
    ("environment", "said"),
    [
        ({"MCTL_SANDBOX": "true"}, "MCTL_SANDBOX=true lets anybody sign in as anybody"),
        ({"MCTL_SECRET_KEY": ""}, "MCTL_SECRET_KEY needs at least 50 random characters"),
        ({"MCTL_SECRET_KEY": "short"}, "MCTL_SECRET_KEY needs at least 50 random characters"),
        ({"MCTL_ALLOWED_HOSTS": "*"}, "MCTL_ALLOWED_HOSTS=* would answer to any name"),
        ({"MCTL_DEBUG": "maybe"}, "MCTL_DEBUG='maybe' is neither true nor false"),
        ({"MCTL_WORKERS": "many"}, "MCTL_WORKERS='many' is not a whole number"),
        ({"MCTL_GITHUB_CLIENT_ID": "x"}, "MCTL_GITHUB_CLIENT_ID without MCTL_GITHUB_ORG would admit anybody"),
        ({"MCTL_GITHUB_CLIENT_ID": "x", "MCTL_GITHUB_ORG": "acme"}, "needs MCTL_GITHUB_CLIENT_SECRET"),
        ({"MCTL_GITHUB_URL": "http://github.example.dev"}, "MCTL_GITHUB_URL begins with http://"),
        ({"MCTL_AUDIT_KEY": "short"}, "MCTL_AUDIT_KEY needs at least 32 random characters"),
        ({"MCTL_TEAM_ROLES": "{team}=emperor"}, "'{team}=emperor' is no team and role"),
        ({"MCTL_SECRET_KEY": "development-only-" + "0" * 50}, "MCTL_SECRET_KEY is an example that everybody knows"),
        ({"MCTL_SECRET_KEY": f"django-insecure-{KEY}"}, "MCTL_SECRET_KEY is an example that everybody knows"),
        ({"MCTL_PUBLIC_URL": "http://mctl.example.dev"}, "would send sessions and tokens in clear"),
        ({"MCTL_PUBLIC_URL": "https://mctl.example.dev/mctl/"}, "is not scheme and host alone"),
        ({"MCTL_PUBLIC_URL": "mctl.example.dev"}, "is not scheme and host alone"),
        ({"MCTL_PUBLIC_URL": "https://mctl.example.dev", "MCTL_DEBUG": "true"}, "MCTL_DEBUG=true shows code"),
        ({"MCTL_DEX_ISSUER": "http://dex.example.dev"}, "MCTL_DEX_ISSUER begins with http://"),
        (
            {"MCTL_GITOPS_URL": "http://git.example.dev/gitops.git", "MCTL_GITOPS_TOKEN": "canary-4711"},
            "MCTL_GITOPS_URL begins with http://",
        ),
        ({"MCTL_GITOPS_URL": "http://mctl:canary-4711@git.example.dev/x"}, "MCTL_GITOPS_URL begins with http://"),
        ({"MCTL_TRUSTED_PROXIES": "0.0.0.0/0"}, "0.0.0.0/0 would let anybody choose their own address"),
        ({"MCTL_TRUSTED_PROXIES": "::/0"}, "::/0 would let anybody choose"),
        ({"MCTL_TRUSTED_PROXIES": "0.0.0.0/1,128.0.0.0/1"}, "128.0.0.0/1 would let anybody choose"),
        ({"MCTL_TRUSTED_PROXIES": "2000::/3"}, "2000::/3 would let anybody choose"),
        ({"MCTL_TRUSTED_PROXIES": "::ffff:0:0/96"}, "::ffff:0:0/96 is IPv4 written as IPv6"),
        ({"MCTL_CORS_ORIGINS": "null"}, "null is the origin of anybody's page"),
        ({"MCTL_CORS_ORIGINS": "*"}, "* is the origin of anybody's page"),
        ({"MCTL_CORS_ORIGINS": "https://portal.example.dev/"}, "is not an https origin"),
        ({"MCTL_CORS_ORIGINS": "http://portal.example.dev"}, "is not an https origin"),
        ({"MCTL_BROKER_URL": "rabbit://x:canary-4711@y"}, "MCTL_BROKER_URL begins with 'rabbit'"),
        ({"MCTL_BROKER_URL": "canary-4711"}, "MCTL_BROKER_URL has no scheme"),
        ({"MCTL_ARGOCD_NAMESPACE": "Bad NS"}, "MCTL_ARGOCD_NAMESPACE='Bad NS' is no name of a namespace"),
        ({"DATABASE_URL": "mysql://mctl:canary-4711@db/x"}, "DATABASE_URL begins with 'mysql'"),
    ],
)
def test_dangerous_or_unreadable_settings_are_refused_with_the_reason(environment: dict[str, str], said: str) -> None:
    refusal = start_with(**environment)
    assert refusal.returncode != 0
    assert said in refusal.stderr
    assert "canary-4711" not in refusal.stderr.rpartition("WrongSetting")[2]


@pytest.mark.parametrize(
    "environment",
    [
        {"MCTL_DEX_ISSUER": "http://127.0.0.1:5556"},
        {"MCTL_GITOPS_URL": "http://git.example.dev/gitops.git"},
        {"MCTL_GITOPS_URL": "ssh://git@git.example.dev/gitops.git", "MCTL_GITOPS_TOKEN": "x"},
        {"MCTL_TRUSTED_PROXIES": "10.0.0.0/8,fc00::/7,192.0.2.1"},
        {"MCTL_CORS_ORIGINS": "https://portal.example.dev,http://localhost:5173"},
        {"MCTL_DEBUG": "true", "MCTL_GITHUB_URL": "http://github.example.dev"},
    ],
)
def test_what_crosses_no_wire_in_clear_is_not_refused(environment: dict[str, str]) -> None:
    assert start_with(**environment).returncode == 0


def check_deploy(**environment: str) -> subprocess.CompletedProcess[str]:
    return manage("check", "--deploy", **environment)


def manage(*command: str, **environment: str) -> subprocess.CompletedProcess[str]:
    words = [sys.executable, "manage.py", *command]
    return subprocess.run(words, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)


@pytest.fixture(scope="module")
def collected(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """Production as documented, after collectstatic."""
    environment = {**PRODUCTION, "MCTL_VAR_DIR": str(tmp_path_factory.mktemp("var"))}
    assert manage("collectstatic", "--noinput", **environment).returncode == 0
    return environment


@pytest.fixture(scope="module")
def asked(collected: dict[str, str]) -> dict[str, str]:
    """The same with a database that answers: the doctor waits six seconds for one that does not."""
    return {**collected, "DATABASE_URL": f"sqlite://{collected['MCTL_VAR_DIR']}/mctl.sqlite3"}


def doctors_lines(environment: dict[str, str]) -> dict[str, dict[str, Any]]:
    return {line["name"]: line for line in json.loads(manage("doctor", "--json", **environment).stdout)["lines"]}


def test_the_documented_production_settings_pass_the_deploy_check(collected: dict[str, str]) -> None:
    checked = check_deploy(**collected)

    assert checked.returncode == 0, checked.stderr
    assert "WARNINGS" not in checked.stderr
    assert "no issues" in checked.stdout + checked.stderr


@pytest.mark.parametrize(
    ("environment", "said"),
    [
        ({"MCTL_PUBLIC_URL": "http://127.0.0.1:8000"}, "mctl.E001"),
        ({"MCTL_SECRET_KEY": "k" * 50}, "mctl.E002"),
        ({"MCTL_SECRET_KEY": "correct-horse-" * 5}, "mctl.E002"),
        ({"MCTL_PUBLIC_URL": "http://127.0.0.1:8000", "MCTL_DEBUG": "true"}, "mctl.E003"),
        ({"MCTL_PUBLIC_URL": "http://mctl.example.dev"}, "would send sessions and tokens in clear"),
        ({"MCTL_TRUSTED_PROXIES": "0.0.0.0/0"}, "would let anybody choose their own address"),
    ],
)
def test_the_deploy_check_fails_with_the_reason(environment: dict[str, str], said: str) -> None:
    checked = check_deploy(**{**PRODUCTION, **environment})

    assert checked.returncode != 0
    assert said in checked.stderr
    assert "Traceback" not in checked.stderr


def test_the_deploy_check_warns_where_no_proxy_is_trusted() -> None:
    assert "mctl.W004" in check_deploy(**{**PRODUCTION, "MCTL_TRUSTED_PROXIES": ""}).stderr


def test_no_honest_key_is_called_guessable() -> None:
    keys = [make(size) for make in (token_hex, token_urlsafe) for size in (25, 48, 256) for _ in range(50)]

    assert not [key for key in keys if is_guessable(key)]


def test_static_files_that_are_not_collected_are_missed_before_a_page_needs_them(
    asked: dict[str, str], tmp_path: Path
) -> None:
    uncollected = {**asked, "MCTL_VAR_DIR": str(tmp_path)}

    line, there = doctors_lines(uncollected)["Static files"], doctors_lines(asked)["Static files"]

    assert (line["state"], line["is_required"], there["state"]) == ("missing", True, "ok")
    assert "collectstatic" in line["remedy"]
    assert "mctl.E005" in check_deploy(**uncollected).stderr


def test_static_files_of_an_older_version_are_missed(asked: dict[str, str]) -> None:
    copy = Path(asked["MCTL_VAR_DIR"]) / "static" / "css" / "tokens.css"
    before = copy.read_bytes()
    copy.write_bytes(b"/* of the version before */" + before)
    line = doctors_lines(asked)["Static files"]
    copy.write_bytes(before)

    assert (line["state"], line["sentence"].count("1 are not collected, such as css/tokens.css")) == ("missing", 1)


def test_the_doctor_misses_the_key_without_which_no_server_starts(tmp_path: Path) -> None:
    where = {"MCTL_VAR_DIR": str(tmp_path), "PATH": os.environ["PATH"]}

    without, with_key = doctors_lines(where)["Secret key"], doctors_lines({**where, "MCTL_SECRET_KEY": f"{KEY}+/"})

    assert "Secret key" not in with_key
    assert "MCTL_SECRET_KEY is not set" in without["sentence"]
    assert without["is_required"]


def test_a_key_in_a_file_counts_as_a_key(tmp_path: Path) -> None:
    (tmp_path / "key").write_text(f"{KEY}+/")
    where = {"MCTL_VAR_DIR": str(tmp_path), "PATH": os.environ["PATH"]}

    lines = doctors_lines({**where, "MCTL_SECRET_KEY_FILE": str(tmp_path / "key")})
    unread = manage("doctor", **where, MCTL_SECRET_KEY_FILE="/nowhere/key")

    assert "Secret key" not in lines
    assert "MCTL_SECRET_KEY_FILE='/nowhere/key' cannot be read" in unread.stderr
