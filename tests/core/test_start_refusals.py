"""The product refuses to start with settings that would open it to anybody, and says which."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
SAFE = {"MCTL_SECRET_KEY": "k" * 50, "DJANGO_SETTINGS_MODULE": "mctl.settings", "PATH": os.environ["PATH"]}


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
        ({"MCTL_GITHUB_URL": "http://github.example.dev"}, "would send tokens in clear"),
        ({"MCTL_TEAM_ROLES": "{team}=emperor"}, "'{team}=emperor' is no team and role"),
        ({"DATABASE_URL": "mysql://mctl:canary-4711@db/x"}, "DATABASE_URL begins with 'mysql'"),
    ],
)
def test_dangerous_or_unreadable_settings_are_refused_with_the_reason(environment: dict[str, str], said: str) -> None:
    refusal = start_with(**environment)
    assert refusal.returncode != 0
    assert said in refusal.stderr
    assert "canary-4711" not in refusal.stderr.rpartition("WrongSetting")[2]
