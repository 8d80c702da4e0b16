"""One request after authentication and routing: what every handler is given."""

import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import orjson
import yaml

from sandbox.kubeapi import protobuf
from sandbox.kubeapi.errors import bad_request
from sandbox.kubeapi.resources import Resource

_YAML_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_SUFFIX_LETTERS = "bcdfghjklmnpqrstvwxz2456789"


@dataclass(frozen=True, slots=True)
class User:
    """Who calls."""

    name: str
    groups: tuple[str, ...] = ()
    uid: str = ""


@dataclass(slots=True)
class Call:
    method: str
    path: str
    query: Mapping[str, str]
    body: bytes
    user: User
    resource: Resource
    namespace: str = ""
    name: str = ""
    subresource: str = ""
    content_type: str = "application/json"
    accept: str = ""
    user_agent: str = ""
    warnings: list[str] = field(default_factory=list)

    @property
    def manager(self) -> str:
        """The field manager: named by the request, or the program in the user agent."""
        return self.query.get("fieldManager") or self.user_agent.partition("/")[0] or "unknown"

    @property
    def dry_run(self) -> bool:
        return self.query.get("dryRun") == "All"

    @property
    def strictness(self) -> str:
        return self.query.get("fieldValidation") or "Warn"

    def decoded(self) -> Any:
        return decode_body(self.body, self.content_type)

    def decoded_object(self) -> dict[str, Any]:
        """The body where only an object makes sense. Raises ApiError 400 for anything else."""
        body = self.decoded()
        if not isinstance(body, dict):
            raise bad_request("the body of the request is not an object")
        return body

    def flag(self, name: str) -> bool:
        return self.query.get(name, "") in ("1", "true", "True")

    def number(self, name: str) -> int:
        """A query parameter as a number; 0 when absent. Raises ApiError 400."""
        text = self.query.get(name, "")
        if not text:
            return 0
        try:
            return int(text)
        except ValueError:
            why = f'strconv.ParseInt: parsing "{text}": invalid syntax'
            raise bad_request(f"unable to decode query parameter {name}: {why}") from None


def decode_body(body: bytes, content_type: str) -> Any:
    """JSON, YAML or the few kinds we know in protobuf. Raises ApiError 400 for what cannot be decoded."""
    if protobuf.is_protobuf(body):
        return protobuf.decode(body)
    if "yaml" in content_type:
        try:
            return yaml.load(body, Loader=_YAML_LOADER)  # noqa: S506 - the C twin of the safe loader
        except yaml.YAMLError as problem:
            raise bad_request(f"error parsing YAML: {problem}") from problem
    try:
        return orjson.loads(body or b"{}")
    except orjson.JSONDecodeError as problem:
        raise bad_request(f"couldn't get version/kind; json parse error: {problem}") from problem


def random_suffix(length: int = 5) -> str:
    """As generateName appends it: no vowels, so no words."""
    return "".join(secrets.choice(_SUFFIX_LETTERS) for _ in range(length))
