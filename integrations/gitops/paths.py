"""Paths of the layout. They are built only from names that are checked here, so that no path leaves its folder."""

from core.errors import Invalid
from core.names import is_cluster_name


def check_name(name: str, field: str) -> str:
    if not is_cluster_name(name):
        sentence = "A name is 1 to 63 lower-case letters, digits and hyphens, with no hyphen at either end."
        entry = {"field": field, "value": name, "sentence": sentence, "example": "ledger-api"}
        raise Invalid(f"{field} is not a name.", fields=[entry])
    return name


def join_path(*parts: str) -> str:
    return "/".join(part.strip("/") for part in parts if part.strip("/"))


def check_path(path: str) -> str:
    """A path inside the repository as git writes it. Raises Invalid for what would leave it or is not text."""
    parts = path.split("/")
    if not path or any(part in {"", ".", "..", ".git"} or not part.isprintable() for part in parts) or "\\" in path:
        sentence = "A path has folders and a file name, separated by single slashes."
        example = "services/payments/ledger-api/values.yaml"
        raise Invalid(
            "This is not a path in the repository.",
            fields=[{"field": "path", "value": path, "sentence": sentence, "example": example}],
        )
    return path
