"""Why the API server refused an object, by the words of its admission plugins. Used for pods and for Argo CD syncs."""

# ruff: noqa: E501 - a row of a table reads as one line

from core.patterns import Pattern

_ROWS: tuple[tuple[str, str], ...] = (
    ("namespace-terminating", r"because it is being terminated"),
    ("quota-exceeded", r"exceeded quota: (?P<name>[^,\s]+)(?:, requested: (?P<requested>.*?), used: (?P<used>.*?), limited: (?P<limited>[^\s(]+))?"),
    ("quota-requires-limits", r"failed quota: (?P<name>[^:\s]+): must specify (?P<fields>[^\n]*)"),
    ("limitrange-violation", r"(?:maximum|minimum) (?P<what>[\w.\-/]+) usage per (?P<per>\w+) is (?P<bound>\S+?)[,.]|(?P<ratio>[\w.\-/]+ max limit to request ratio per \w+ is \S+)"),
    ("pod-security-violation", r"violates PodSecurity \\?\"(?P<level>[^\"\\]+)\\?\": (?P<fields>.*)"),
    ("ingress-host-conflict", r"host \\?\"(?P<host>[^\"\\]+)\\?\" and path \\?\"(?P<path>[^\"\\]+)\\?\" is already defined in ingress (?P<other>\S+)"),
    ("admission-webhook-unavailable", r"failed (?:to )?call(?:ing)? (?:admission )?webhook \\?\"(?P<name>[^\"\\]+)\\?\""),
    ("pod-security-violation", r"admission webhook \\?\"(?P<name>[^\"\\]+)\\?\" denied the request:? ?(?P<fields>.*)"),
    ("pod-security-violation", r"ValidatingAdmissionPolicy '(?P<name>[^']+)'.*denied request: (?P<fields>.*)"),
    ("pod-security-violation", r"unable to validate against any (?:pod security policy|security context constraint):? ?(?P<fields>.*)"),
    ("service-account-missing", r"(?:error looking up service account \S+: )?serviceaccount \\?\"(?P<name>[^\"\\]+)\\?\" not found"),
    ("node-port-conflict", r"(?:nodePort: Invalid value: (?P<port>\d+): )?provided port is already allocated|provided IP (?:\((?P<ip>[^)]+)\) )?is already allocated"),
)  # fmt: skip
ADMISSION_PATTERNS = tuple((cause, Pattern(f"(?is){expression}")) for cause, expression in _ROWS)


def admission_cause(message: str) -> tuple[str, dict[str, str]]:
    """(cause, named words), or ("", {}) when no admission plugin is recognised."""
    for cause, expression in ADMISSION_PATTERNS:
        found = expression.search(message)
        if found:
            return cause, {key: value for key, value in found.groupdict().items() if value}
    return "", {}
