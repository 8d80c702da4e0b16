"""Which settings are not safe for production, and why. Plain functions over values; nothing here reads a setting.

What would open MCTL, or send a secret in clear, refuses the start (`refuse_unsafe`). What only a person can judge, or
what a first try on one machine needs, is said by `manage.py check --deploy` (`deploy_findings`).
"""

import ipaddress
import zlib
from collections.abc import Iterator, Sequence
from typing import Any
from urllib.parse import SplitResult, urlsplit

from django.conf import settings
from django.core import checks

from mctl.env import WrongSetting

# The widest networks that are somebody's own: 10.0.0.0/8 and fc00::/7.
WIDEST_NETWORK = {4: 8, 6: 7}
KNOWN_KEYS = ("development-only-", "django-insecure-", "changeme", "change-me")
# Random hexadecimal digits, the most redundant of honest keys, compress to 0.85 of their length.
LEAST_RANDOM = 0.6
KEY_LOOKED_AT = 64
SILENCED_CHECKS: list[str] = [
    # Other names of the domain are not ours to decide about.
    "security.W005",
    "security.W021",
    # Desktop clients listen on http://127.0.0.1 (RFC 8252); registration refuses http to any other host.
    "oauth2_provider.W008",
    # A refresh token used twice within the grace gets a second pair; see mcp_server.authorization.Validator.
    "oauth2_provider.E001",
]


def refuse_unsafe(
    *,
    is_debug: bool,
    secret_key: str,
    public_url: str,
    trusted_proxies: Sequence[str],
    cors_origins: Sequence[str],
    git: tuple[str, str],
    https_only: dict[str, str],
) -> None:
    """`git` is address and token; `https_only` are addresses by variable, empty where unused. Raises WrongSetting."""
    found = [
        *faults_of_public_url(public_url, is_debug=is_debug),
        *faults_of_proxies(trusted_proxies),
        *faults_of_origins(cors_origins),
    ]
    if not is_debug:
        found += [*faults_of_git(*git), *faults_of_key(secret_key)]
        found += [
            f"{name} begins with http://, so tokens or keys would travel in clear. Example: {name}=https://..."
            for name, url in https_only.items()
            if crosses_in_clear(url)
        ]
    if found:
        raise WrongSetting("\n".join(found))


def faults_of_public_url(url: str, *, is_debug: bool) -> Iterator[str]:
    parts = urlsplit(url)
    if parts.scheme not in {"http", "https"} or url != f"{parts.scheme}://{parts.netloc}" or not is_site(parts):
        yield f"MCTL_PUBLIC_URL={url!r} is not scheme and host alone. Example: https://mctl.example.dev"
    elif is_debug and parts.scheme == "https":
        yield "MCTL_DEBUG=true shows code and settings on error pages; a site with https in MCTL_PUBLIC_URL is public."
    elif not is_debug and crosses_in_clear(url):
        yield f"MCTL_PUBLIC_URL={url!r} would send sessions and tokens in clear. Example: https://mctl.example.dev"


def faults_of_proxies(networks: Sequence[str]) -> Iterator[str]:
    for word in networks:
        network = ipaddress.ip_network(word, strict=False)
        if isinstance(network, ipaddress.IPv6Network) and network.network_address.ipv4_mapped:
            # ::ffff:0:0/96 is all of IPv4. We read a peer's mapped address as IPv4, so the network matches none.
            yield f"MCTL_TRUSTED_PROXIES: {word} is IPv4 written as IPv6. Write it as IPv4, such as 10.0.0.5."
        if network.prefixlen < WIDEST_NETWORK[network.version]:
            yield (
                f"MCTL_TRUSTED_PROXIES: {word} would let anybody choose their own address. "
                "Name your proxies: MCTL_TRUSTED_PROXIES=10.0.0.5"
            )


def faults_of_origins(origins: Sequence[str]) -> Iterator[str]:
    for origin in origins:
        parts = urlsplit(origin)
        if origin in {"null", "*"}:
            yield f"MCTL_CORS_ORIGINS: {origin} is the origin of anybody's page. Example: https://portal.example.dev"
        elif not is_site(parts) or origin != f"{parts.scheme}://{parts.netloc}" or crosses_in_clear(origin):
            yield f"MCTL_CORS_ORIGINS: {origin!r} is not an https origin. Example: https://portal.example.dev"


def faults_of_git(url: str, token: str) -> Iterator[str]:
    if (token or urlsplit(url).password) and crosses_in_clear(url):
        # The address may hold the token, so it is not repeated.
        yield "MCTL_GITOPS_URL begins with http://, so the token would travel in clear. Use https:// or ssh://."


def faults_of_key(key: str) -> Iterator[str]:
    if any(known in key.lower() for known in KNOWN_KEYS):
        yield "MCTL_SECRET_KEY is an example that everybody knows. Make your own: openssl rand -base64 48"


def is_site(parts: SplitResult) -> bool:
    """Whether host and port can be read, and no user stands before them."""
    try:
        return bool(parts.hostname) and parts.port != 0 and parts.username is None
    except ValueError:
        return False


def crosses_in_clear(url: str) -> bool:
    """Plain http to another machine."""
    parts = urlsplit(url)
    return parts.scheme == "http" and not is_loopback(parts.hostname or "")


def is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def is_guessable(key: str) -> bool:
    """One character or one word over and over is long, and easily guessed."""
    looked_at = key[:KEY_LOOKED_AT].encode()
    return len(zlib.compress(looked_at, 9)) < LEAST_RANDOM * len(looked_at)


def deploy_findings(app_configs: Any, **kwargs: Any) -> list[checks.CheckMessage]:
    """Contradictions that a first start on one machine may have, and production must not."""
    found: list[checks.CheckMessage] = []
    if not settings.PUBLIC_URL.startswith("https://"):
        hint = "Set MCTL_PUBLIC_URL to the https address people open: cookies are not sent to any other."
        found.append(checks.Error("MCTL_PUBLIC_URL begins with http://.", hint=hint, id="mctl.E001"))
    if is_guessable(settings.SECRET_KEY):
        hint = "Make a random one: MCTL_SECRET_KEY=$(openssl rand -base64 48)"
        found.append(checks.Error("MCTL_SECRET_KEY repeats itself.", hint=hint, id="mctl.E002"))
    if settings.DEBUG:
        hint = "Leave MCTL_DEBUG and MCTL_SANDBOX out."
        found.append(checks.Error("MCTL_DEBUG=true shows code and settings.", hint=hint, id="mctl.E003"))
    if not settings.TRUSTED_PROXIES:
        hint = "Set MCTL_TRUSTED_PROXIES to the proxy that ends TLS, or all people count as one address."
        found.append(checks.Warning("No proxy is trusted.", hint=hint, id="mctl.W004"))
    return found
