"""One request after authentication and routing: what every handler is given."""

import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import orjson
import yaml

from sandbox.kubeapi import protobuf
from sandbox.kubeapi.bodies import repeated_members
from sandbox.kubeapi.errors import bad_request, unrecognized_object, unsupported_media_type
from sandbox.kubeapi.resources import Resource

_YAML_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
JSON = "application/json"
UNNAMED = "application/octet-stream"  # what aiohttp says of a request that names no format
_OBJECT_FORMATS = (JSON, "application/yaml", protobuf.MEDIA_TYPE)
_PATCH_FORMATS = ("application/json-patch+json", "application/merge-patch+json", "application/apply-patch+yaml",
                  "application/strategic-merge-patch+json", "application/apply-patch+cbor")  # fmt: skip
_KNOWN_FORMATS = (*_OBJECT_FORMATS, *_PATCH_FORMATS, UNNAMED)
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
        """Raises ApiError 400 for what cannot be read, 415 for a format that is not known."""
        if self.content_type not in _KNOWN_FORMATS:
            raise unsupported_media_type(_OBJECT_FORMATS)
        try:
            return decode_body(self.body, self.content_type)
        except orjson.JSONDecodeError as problem:
            raise unrecognized_object(
                self.resource, str(problem) if self.body else "unexpected end of JSON input (<empty>)"
            ) from None

    def repeated_keys(self) -> list[str]:
        """The members that a JSON body names twice."""
        is_json = self.body and self.content_type in (JSON, UNNAMED) and not protobuf.is_protobuf(self.body)
        return repeated_members(self.body) if is_json and self.strictness != "Ignore" else []

    def decoded_object(self) -> dict[str, Any]:
        """The body where only an object makes sense. Raises ApiError 400 for anything else."""
        body = self.decoded()
        if not isinstance(body, dict):
            why = "json: cannot unmarshal array into Go value of type map[string]interface {}"
            raise bad_request(f"error decoding patch: {why}")
        return body

    def flag(self, name: str) -> bool:
        return self.query.get(name, "") in ("1", "true", "True")

    def number(self, name: str) -> int:
        """A query parameter as a number; 0 when absent. Raises ApiError 400."""
        return self.optional_number(name) or 0

    def optional_number(self, name: str) -> int | None:
        """A query parameter as a number; None when absent. Raises ApiError 400."""
        text = self.query.get(name, "")
        if not text:
            return None
        try:
            return int(text)
        except ValueError:
            raise bad_request(f'strconv.ParseInt: parsing "{text}": invalid syntax') from None


def decode_body(body: bytes, content_type: str) -> Any:
    """JSON, YAML or the few kinds we know in protobuf. Raises ApiError 400, JSONDecodeError for what is no JSON."""
    if protobuf.is_protobuf(body):
        return protobuf.decode(body)
    if "yaml" in content_type:
        try:
            return yaml.load(body, Loader=_YAML_LOADER)  # noqa: S506 - the C twin of the safe loader
        except yaml.YAMLError as problem:
            raise bad_request(f"error parsing YAML: {problem}") from problem
    return orjson.loads(body)


def random_suffix(length: int = 5) -> str:
    """As generateName appends it: no vowels, so no words."""
    return "".join(secrets.choice(_SUFFIX_LETTERS) for _ in range(length))
