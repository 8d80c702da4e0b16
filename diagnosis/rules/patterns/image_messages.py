"""Why a registry or a container runtime did not deliver an image, by the words of containerd and the registries."""

# ruff: noqa: E501 - a row of a table reads as one line

from core.patterns import Pattern

_ROWS: tuple[tuple[str, str], ...] = (
    ("image-pull-rate-limited", r"\b429\b|toomanyrequests|too many requests|rate limit"),
    ("image-name-invalid", r"invalid reference format|couldn't parse image|must be lowercase|invalid image name|failed to apply default image"),
    ("exec-format-error", r"no match for platform|no matching manifest for|does not match the specified platform"),
    ("image-registry-unreachable", r"no such host|i/o timeout|connection refused|connection reset|x509:|tls: |server gave HTTP response|"
                                   r"temporary failure in name|network is unreachable|no route to host|context deadline exceeded|"
                                   r"request canceled|server misbehaving|\b50[0234] (?:internal|bad|service|gateway)|unexpected EOF"),
    ("image-repository-not-found", r"insufficient_scope|repository does not exist or may require|pull access denied|name[_ ]unknown|"
                                   r"repository name not known|repository .{0,120}(?:does not exist|not found)|project .{0,80}not found"),
    ("image-pull-unauthorized", r"\b401\b|\b403\b|unauthorized|forbidden|no basic auth|authentication required|authorization (?:failed|token)|denied|"
                                r"failed to authorize|anonymous token|credentials"),
    ("image-tag-not-found", r"manifest[_ ]unknown|manifest .{0,200}not found|not found|no such (?:image|manifest)"),
)  # fmt: skip
IMAGE_PATTERNS = tuple((cause, Pattern(f"(?i){expression}")) for cause, expression in _ROWS)


def image_cause(message: str) -> str:
    """The cause a pull message names, or "" when it says nothing of use (such as "Back-off pulling image")."""
    return next((cause for cause, expression in IMAGE_PATTERNS if expression.search(message)), "")
