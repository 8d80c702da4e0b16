"""Failures as the Kubernetes API reports them: a `Status` object with code, reason, message and details."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from sandbox.kubeapi.resources import Resource


class ApiError(Exception):
    """Raised anywhere below the server, which answers with `status()` and the HTTP code `code`."""

    def __init__(self, code: int, reason: str, message: str, details: dict[str, Any] | None = None) -> None:
        super().__init__(message)
        self.code = code
        self.reason = reason
        self.message = message
        self.details = details or {}

    def status(self) -> dict[str, Any]:
        body: dict[str, Any] = {"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Failure"}
        body["message"] = self.message
        if self.reason:
            body["reason"] = self.reason
        if self.details:
            body["details"] = self.details
        return body | {"code": self.code}


@dataclass(frozen=True, slots=True)
class Cause:
    """One field that cannot be taken. `message` is what follows `field: ` in the sentence."""

    field: str
    reason: str
    message: str

    def sentence(self) -> str:
        return f"{self.field}: {self.message}"

    def as_dict(self) -> dict[str, str]:
        return {"reason": self.reason, "message": self.message, "field": self.field}


def shown(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def required(field: str, detail: str = "") -> Cause:
    return Cause(field, "FieldValueRequired", f"Required value: {detail}" if detail else "Required value")


def invalid_value(field: str, value: Any, detail: str) -> Cause:
    return Cause(field, "FieldValueInvalid", f"Invalid value: {shown(value)}: {detail}")


def unsupported_value(field: str, value: Any, allowed: Sequence[Any]) -> Cause:
    listed = ", ".join(shown(one) for one in allowed)
    return Cause(field, "FieldValueNotSupported", f"Unsupported value: {shown(value)}: supported values: {listed}")


def forbidden_field(field: str, detail: str) -> Cause:
    return Cause(field, "FieldValueForbidden", f"Forbidden: {detail}")


def duplicate_value(field: str, value: Any) -> Cause:
    return Cause(field, "FieldValueDuplicate", f"Duplicate value: {shown(value)}")


def _details(resource: "Resource", name: str, *, kind: str = "") -> dict[str, Any]:
    details = {"name": name, "group": resource.group, "kind": kind or resource.plural}
    return {key: value for key, value in details.items() if value}


def not_found(resource: "Resource", name: str) -> ApiError:
    return ApiError(404, "NotFound", f'{resource.qualified} "{name}" not found', _details(resource, name))


def no_such_path() -> ApiError:
    return ApiError(404, "NotFound", "the server could not find the requested resource")


def already_exists(resource: "Resource", name: str) -> ApiError:
    return ApiError(409, "AlreadyExists", f'{resource.qualified} "{name}" already exists', _details(resource, name))


def unrecognized_object(resource: "Resource", why: str) -> ApiError:
    told = f"couldn't get version/kind; json parse error: {why}"
    return bad_request(f"the object provided is unrecognized (must be of type {resource.kind}): {told}")


def plain_failure(message: str) -> ApiError:
    """What the real server did not expect itself: a 500 without a reason."""
    return ApiError(500, "", message)


def invalid_options(kind: str, causes: Sequence[Cause], name: str = "") -> ApiError:
    """Options of a request, which are judged as objects of a kind of their own."""
    sentences = list(dict.fromkeys(cause.sentence() for cause in causes))
    told = sentences[0] if len(sentences) == 1 else f"[{', '.join(sentences)}]"
    return ApiError(422, "Invalid", f'{kind} "{name}" is invalid: {told}',
                    {"causes": [cause.as_dict() for cause in causes]})  # fmt: skip


def too_new(version: str, current: int) -> ApiError:
    message = f"Too large resource version: {version}, current: {current}"
    causes = [{"reason": "ResourceVersionTooLarge", "message": "Too large resource version"}]
    return ApiError(504, "Timeout", f"Timeout: {message}", {"causes": causes, "retryAfterSeconds": 1})


def conflict(resource: "Resource", name: str, why: str = "", *, kind: str = "") -> ApiError:
    why = why or "the object has been modified; please apply your changes to the latest version and try again"
    message = f'Operation cannot be fulfilled on {kind or resource.qualified} "{name}": {why}'
    return ApiError(409, "Conflict", message, _details(resource, name))


def invalid(resource: "Resource", name: str, causes: Sequence[Cause]) -> ApiError:
    sentences = list(dict.fromkeys(cause.sentence() for cause in causes))
    told = sentences[0] if len(sentences) == 1 else f"[{', '.join(sentences)}]"
    # Events of both groups are judged as events of the core group.
    kind = f"{resource.kind}.{resource.group}" if resource.group and resource.kind != "Event" else resource.kind
    details = _details(resource, name, kind=resource.kind) | {"causes": [cause.as_dict() for cause in causes]}
    return ApiError(422, "Invalid", f'{kind} "{name}" is invalid: {told}', details)


def forbidden(resource: "Resource", name: str, why: str, causes: list[dict[str, str]] | None = None) -> ApiError:
    details = _details(resource, name) | ({"causes": causes} if causes else {})
    subject = f'{resource.qualified} "{name}"' if name else resource.qualified
    return ApiError(403, "Forbidden", f"{subject} is forbidden: {why}", details)


def bad_request(message: str) -> ApiError:
    return ApiError(400, "BadRequest", message)


def expired(message: str) -> ApiError:
    return ApiError(410, "Expired", message)


def unauthorized() -> ApiError:
    return ApiError(401, "Unauthorized", "Unauthorized")


def method_not_allowed() -> ApiError:
    message = "the server does not allow this method on the requested resource"
    return ApiError(405, "MethodNotAllowed", message)


def unsupported_media_type(accepted: Sequence[str]) -> ApiError:
    told = ", ".join(accepted)
    message = f"the body of the request was in an unknown format - accepted media types include: {told}"
    return ApiError(415, "UnsupportedMediaType", message)


def unsupported_patch() -> ApiError:
    return ApiError(415, "UnsupportedMediaType", "415: Unsupported Media Type")


def patch_refused() -> ApiError:
    return ApiError(422, "Invalid", "the server rejected our request due to an error in our request")


def patch_unreadable(result: str, why: str) -> ApiError:
    """A patch whose result has a member of a wrong type."""
    cause = invalid_value("patch", result, why)
    return ApiError(422, "Invalid", f' "" is invalid: {cause.sentence()}', {"causes": [cause.as_dict()]})
