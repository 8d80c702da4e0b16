"""Taking in OAuth clients that register themselves (RFC 7591). Anybody may, so registering grants nothing.

The same metadata registers the same client again: many clients register at every start.
"""

import json
import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

from django.db import transaction
from oauth2_provider.models import Application

from accounts.queries.connected_clients import plain_name
from core.errors import Problem

MOST_REDIRECTS = 10
LONGEST_REDIRECT = 500
# What may stand in the header of a content policy, where a semicolon would begin a rule of its own.
HOST = re.compile(r"([A-Za-z0-9._-]+|\[[0-9A-Fa-f:.]+\])(:[0-9]+)?")
LOOPBACK = {"localhost", "127.0.0.1", "::1"}
DESKTOP_SCHEMES = {"cursor", "vscode", "vscode-insiders"}
GRANTS = {"authorization_code", "refresh_token"}


class NotRegistered(Problem):
    """`problem_code` is RFC 7591's: invalid_redirect_uri or invalid_client_metadata."""


def register_client(metadata: Any) -> Application:
    """A public client for the authorization code with PKCE. Raises NotRegistered, which names the wrong value."""
    if not isinstance(metadata, dict):
        raise _wrong("The registration must be a JSON object.")
    redirects, name = _redirects(metadata), _name(metadata)
    _check_grants(metadata)
    known = {
        "name": name,
        "redirect_uris": " ".join(redirects),
        "client_type": Application.CLIENT_PUBLIC,
        "authorization_grant_type": Application.GRANT_AUTHORIZATION_CODE,
        "registration_source": Application.RegistrationSource.DCR,
    }
    with transaction.atomic():
        found = Application.objects.filter(**known).first()
        # Nobody is ever told the secret of a public client: strangers shall not make us hash it.
        return found or Application.objects.create(**known, skip_authorization=False, hash_client_secret=False)


def registration_answer(application: Application) -> dict[str, Any]:
    return {
        "client_id": application.client_id,
        "client_name": application.name,
        "redirect_uris": application.redirect_uris.split(),
        "grant_types": ["authorization_code", "refresh_token"],
        "response_types": ["code"],
        "token_endpoint_auth_method": "none",
        "client_id_issued_at": int(application.created.timestamp()),
    }


def redirect_trouble(uri: Any) -> str:
    """What is wrong with a redirect address, as a sentence; empty where it may be registered."""
    if not isinstance(uri, str) or not 0 < len(uri) <= LONGEST_REDIRECT or not uri.isascii() or not uri.isprintable():
        return "is not a plain address"
    if any(char in uri for char in " \\*#"):
        return "has a blank, a backslash, a star or a fragment"
    try:
        parts = urlsplit(uri)
        _ = parts.port
    except ValueError:
        return "cannot be read"
    if parts.scheme in {"http", "https"} and not HOST.fullmatch(parts.netloc):
        return "has a host with characters that no host has"
    if parts.username is not None or parts.password is not None:
        return "has a user name in it"
    if parts.scheme in DESKTOP_SCHEMES:
        return ""
    if parts.scheme == "https" and parts.hostname:
        return ""
    if parts.scheme == "http" and parts.hostname in LOOPBACK:
        return ""
    return "is neither https, nor http on this machine, nor a known desktop application"


def _redirects(metadata: Mapping[str, Any]) -> list[str]:
    given = metadata.get("redirect_uris")
    if not isinstance(given, list) or not 0 < len(given) <= MOST_REDIRECTS:
        raise _wrong(f"redirect_uris must be a list of 1 to {MOST_REDIRECTS} addresses.", "invalid_redirect_uri")
    for uri in given:
        if trouble := redirect_trouble(uri):
            raise _wrong(f"The redirect address {json.dumps(uri)[:200]} {trouble}.", "invalid_redirect_uri")
    return sorted(set(given))


def _name(metadata: Mapping[str, Any]) -> str:
    name = metadata.get("client_name", "")
    if not isinstance(name, str):
        raise _wrong("client_name must be a text.")
    return plain_name(name)


def _check_grants(metadata: Mapping[str, Any]) -> None:
    grants = metadata.get("grant_types", ["authorization_code"])
    usable = isinstance(grants, list) and all(isinstance(grant, str) for grant in grants)
    if not usable or "authorization_code" not in grants or not set(grants) <= GRANTS:
        raise _wrong("grant_types may be authorization_code and refresh_token.")
    if metadata.get("response_types", ["code"]) != ["code"]:
        raise _wrong("response_types may be code only.")


def _wrong(sentence: str, code: str = "invalid_client_metadata") -> NotRegistered:
    return NotRegistered(sentence, code=code)
