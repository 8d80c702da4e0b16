"""Why external-secrets could not read a value, by its own words and Vault's."""

# ruff: noqa: E501 - a row of a table reads as one line

from core.patterns import Pattern

_ROWS: tuple[tuple[str, str], ...] = (
    ("secret-store-not-ready", r"(?:secret ?store|clustersecretstore)\S* .{0,120}(?:not ready|not found)|could not get secretstore|could not get provider client|unable to create client|"
                               r"unable to (?:log in|login)|invalidproviderconfig|vault is sealed|connection refused|no such host|"
                               r"i/o timeout|deadline exceeded|x509|code: 50[0-9]|cannot get kubernetes service account|invalid vault"),
    ("vault-permission-denied", r"code: 403|permission denied|\b403\b|forbidden"),
    ("vault-key-missing", r"secret does not exist|cannot find secret data for key|could not find secret|no secret found|nosecret|code: 404|"
                          r"(?:property|key) .{0,80}(?:does not exist|not found)|not found"),
)  # fmt: skip
SECRET_PATTERNS = tuple((cause, Pattern(f"(?is){row}")) for cause, row in _ROWS)


def secret_cause(message: str) -> str:
    """The cause an ExternalSecret's message names, or ""."""
    return next((cause for cause, expression in SECRET_PATTERNS if expression.search(message)), "")
