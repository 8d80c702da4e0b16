"""Why a certificate is not issued, by the words of cert-manager and the certificate authority."""

# ruff: noqa: E501 - a row of a table reads as one line

from core.patterns import Pattern

_ROWS: tuple[tuple[str, str], ...] = (
    ("acme-rate-limited", r"ratelimited|rate limit|too many (?:certificates|failed authorizations|new orders|requests|registrations)|\b429\b"),
    ("domain-dns-not-pointed", r"no such host|nxdomain|dns problem|servfail|no valid (?:a|aaaa|ip) record|did not get expected response|wrong status code|"
                               r"self check|propagation|invalid response from|timeout during connect|connection refused|i/o timeout|"
                               r"unauthorized|incorrect txt|no txt record|could not resolve|deadline exceeded|certificate is valid for|connection reset"),
)  # fmt: skip
ACME_PATTERNS = tuple((cause, Pattern(f"(?i){row}")) for cause, row in _ROWS)
# The authority itself looked and says the name is wrong; no waiting changes that answer.
FINAL = Pattern(
    r"(?i)nxdomain|dns problem|no valid (?:a|aaaa|ip) record|invalid response from|urn:ietf:params:acme:error:(?:dns|unauthorized|connection)"
)


def acme_cause(message: str) -> str:
    return next((cause for cause, expression in ACME_PATTERNS if expression.search(message)), "")
