"""Tokens and kubeconfig files of an administrator, a reader and MCTL; tokens stay the same across restarts."""

import base64
import secrets
from pathlib import Path

import orjson
import yaml

from sandbox.kubeapi.auth import ADMIN, PRODUCT, READER, Authenticator

_HOLDERS = ("admin", "reader", "mctl")


def read_or_make_tokens(folder: Path) -> Authenticator:
    file = folder / "tokens.json"
    held = orjson.loads(file.read_bytes()) if file.exists() else {}
    tokens = {holder: held.get(holder) or secrets.token_urlsafe(32) for holder in _HOLDERS}
    file.touch(mode=0o600)
    file.write_bytes(orjson.dumps(tokens))
    return Authenticator(tokens["admin"], tokens["reader"], tokens["mctl"])


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
    """The administrator's last: once it is there, all are."""
    authority = (folder / "ca.crt").read_text()
    for name, user, token in (
        ("kubeconfig-readonly", READER.name, authenticator.reader_token),
        ("kubeconfig-mctl", PRODUCT.name, authenticator.product_token),
        ("kubeconfig", ADMIN.name, authenticator.admin_token),
    ):
        file = folder / name
        file.touch(mode=0o600)
        file.write_text(_kubeconfig(server, authority, user, token))
