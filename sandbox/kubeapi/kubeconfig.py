"""Tokens and kubeconfig files: one for an administrator, one for a reader; both stay the same across restarts."""

import base64
import secrets
from pathlib import Path

import orjson
import yaml

from sandbox.kubeapi.auth import ADMIN, READER, Authenticator


def read_or_make_tokens(folder: Path) -> Authenticator:
    file = folder / "tokens.json"
    if file.exists():
        held = orjson.loads(file.read_bytes())
    else:
        held = {"admin": secrets.token_urlsafe(32), "reader": secrets.token_urlsafe(32)}
        file.touch(mode=0o600)
        file.write_bytes(orjson.dumps(held))
    return Authenticator(admin_token=held["admin"], reader_token=held["reader"])


def _kubeconfig(server: str, authority: str, user: str, token: str) -> str:
    data = base64.b64encode(authority.encode()).decode()
    return yaml.safe_dump(
        {
            "apiVersion": "v1",
            "kind": "Config",
            "clusters": [{"name": "sandbox", "cluster": {"server": server, "certificate-authority-data": data}}],
            "users": [{"name": user, "user": {"token": token}}],
            "contexts": [{"name": "sandbox", "context": {"cluster": "sandbox", "user": user, "namespace": "default"}}],
            "current-context": "sandbox",
        },
        sort_keys=False,
    )


def write_kubeconfigs(folder: Path, server: str, authenticator: Authenticator) -> None:
    authority = (folder / "ca.crt").read_text()
    for name, user, token in (
        ("kubeconfig", ADMIN.name, authenticator.admin_token),
        ("kubeconfig-readonly", READER.name, authenticator.reader_token),
    ):
        file = folder / name
        file.touch(mode=0o600)
        file.write_text(_kubeconfig(server, authority, user, token))
