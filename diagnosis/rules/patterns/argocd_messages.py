"""Why Argo CD could not read, render or sync, by the words of its repo server and of the API server."""

# ruff: noqa: E501 - a row of a table reads as one line

from core.patterns import Pattern

_COMPARISON: tuple[tuple[str, str], ...] = (
    ("argocd-namespace-missing", r"namespaces? \\?\"(?P<name>[^\"\\]+)\\?\" not found"),
    ("argocd-repo-unreachable", r"failed to list refs|authentication required|repository not found|error testing repository|could not read (?:username|from remote)|"
                                r"ssh: |unable to resolve '|unable to resolve|dial tcp|no such host|i/o timeout|connection refused|x509|permission denied \(publickey|"
                                r"failed to (?:fetch|initialize|clone|get git client)|git fetch|is not a valid chart repository|failed to fetch chart|"
                                r"failed to (?:get|load) (?:helm )?(?:index|chart)|error resolving repo revision|repository is not accessible|401 Unauthorized|403 Forbidden|"
                                r"deadline ?exceeded|Could not resolve host"),
    ("argocd-render-error", r"manifest generation error|failed to generate manifest|helm template|kustomize build|failed exit status|app path does not exist|"
                            r"error (?:converting|unmarshaling|parsing)|execution error|no such file|yaml: |parse error"),
)  # fmt: skip
_SYNC: tuple[tuple[str, str], ...] = (
    ("argocd-namespace-missing", r"namespaces? \\?\"(?P<name>[^\"\\]+)\\?\" not found"),
    ("argocd-immutable-field", r"field is immutable|updates to statefulset spec for fields other than|cannot change roleRef|"
                               r"is immutable after creation|may not change once set|spec: Forbidden: (?:is immutable|spec is immutable|updates)|immutable"),
    ("argocd-hook-failed", r"\bhook\b.*\bfail|reached the specified backoff limit|waiting for completion of hook"),
    ("argocd-manifest-invalid", r"is invalid:|invalid value|error validating|validation (?:error|failed)|unknown field|no matches for kind|"
                                r"strict decoding|failed to create typed patch|unable to (?:recognize|decode)|could not find|required value|unsupported value|"
                                r"bad request|cannot be handled as a|resource mapping not found|duplicate entries|cannot unmarshal|denied"),
)  # fmt: skip
COMPARISON = tuple((cause, Pattern(f"(?is){row}")) for cause, row in _COMPARISON)
SYNC = tuple((cause, Pattern(f"(?is){row}")) for cause, row in _SYNC)
_OF_CLUSTER = Pattern(r"(?i)live state|cluster")


def comparison_cause(message: str) -> tuple[str, dict[str, str]]:
    """Of a ComparisonError: what kept Argo CD from knowing what git wants; a render error when nothing else."""
    found = _first(COMPARISON, message)
    if found[0] or _OF_CLUSTER.search(message):
        return found
    return "argocd-render-error", {}


def sync_cause(message: str) -> tuple[str, dict[str, str]]:
    """Of a failed sync; ("", {}) when the words are not known."""
    return _first(SYNC, message)


def _first(rows: tuple[tuple[str, Pattern], ...], message: str) -> tuple[str, dict[str, str]]:
    for cause, expression in rows:
        match = expression.search(message)
        if match:
            return cause, {key: value for key, value in match.groupdict().items() if value}
    return "", {}
