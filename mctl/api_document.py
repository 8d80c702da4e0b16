"""The OpenAPI 3.1 document: what ninja knows of the endpoints, and what only we know of errors, headers, operations."""

from functools import lru_cache
from typing import Any

from django.conf import settings
from ninja import NinjaAPI

from core.rest import WHAT_THEY_MEAN
from operations.registry import definitions

REF = "#/components/schemas/"
DESCRIPTION = """Everything that the pages of MCTL show and do, for scripts and programs.

**Sign-in.** `Authorization: Bearer TOKEN`; create a personal token on the Connecting page. The browser's session is
taken for reading only. `read` is the scope for GET, `write` for POST; your role in the tenant decides the rest.

**Lists** are `{"items", "count", "next"}`. Send `next` as `cursor` for the following page; it is null on the last.

**Errors** are `{"error", "code", "sentence", "remedy", "facts", "request_id"}` everywhere. What is hidden from you
answers like what does not exist.

**Reads** carry an `ETag`; send it as `If-None-Match` and an unchanged answer is 304 without a body.

**Changes** are operations: plan one, execute it, follow the run until it is done. `Idempotency-Key` makes it safe to
send the same request again."""
WHOAMI = {
    "operationId": "whoami",
    "summary": "Who you are here",
    "description": "The person, roles and scopes as the server sees them.",
    "tags": ["identity"],
    "parameters": [],
}
WHOAMI_FIELDS = {
    "id": {"type": "string", "examples": ["dev"]},
    "groups": {"type": "array", "items": {"type": "string"}},
    "isAdmin": {"type": "boolean"},
    "namespaces": {"type": "array", "items": {"type": "string"}},
    "roles": {"type": "object", "additionalProperties": {"type": "string"}},
    "token_kind": {"type": "string"},
    "scopes": {"type": "array", "items": {"type": "string"}},
    "expires_at": {"type": ["string", "null"], "format": "date-time"},
    "resolved_at": {"type": ["string", "null"], "format": "date-time"},
}
LIMITS = {
    name: {"description": meaning, "schema": {"type": "string"}}
    for name, meaning in (
        ("RateLimit-Limit", "how many within a minute"),
        ("RateLimit-Remaining", "how many are left"),
        ("RateLimit-Reset", "seconds until there are more"),
    )
}
STREAM = {
    "description": "Events `run` and `end`, whose data is the object of GET /operations/runs/{public_id}",
    "content": {"text/event-stream": {"schema": {"type": "string"}}},
}


@lru_cache(maxsize=1)
def document(api: NinjaAPI) -> dict[str, Any]:
    """Made once a process: declarations do not change while it runs."""
    found: dict[str, Any] = dict(api.get_openapi_schema(path_prefix="/api/v1/"))
    found["info"] = {"title": "MCTL", "version": "1", "description": DESCRIPTION}
    found["servers"] = [{"url": settings.PUBLIC_URL}]
    schemes = {"bearer": {"type": "http", "scheme": "bearer", "description": "A personal token or an OAuth token."}}
    found["components"]["securitySchemes"] = schemes
    found["security"] = [{"bearer": []}]
    found["components"]["schemas"]["Whoami"] = {
        "title": "Whoami", "type": "object", "properties": WHOAMI_FIELDS, "required": list(WHOAMI_FIELDS)
    }  # fmt: skip
    found["paths"]["/api/v1/whoami"] = {"get": whoami(found)}
    for item in found["paths"].values():
        for method, operation in item.items():
            finish(operation, method)
    bodies(found)
    stream = found["paths"]["/api/v1/operations/runs/{public_id}/events"]["get"]
    stream["responses"]["200"] = STREAM
    return found


def whoami(found: dict[str, Any]) -> dict[str, Any]:
    error = {"content": {"application/json": {"schema": {"$ref": REF + "Error"}}}}
    good = {"description": "OK", "content": {"application/json": {"schema": {"$ref": REF + "Whoami"}}}}
    return {**WHOAMI, "responses": {"200": good, "401": {**error}, "429": {**error}}}


def finish(operation: dict[str, Any], method: str) -> None:
    for parameter in operation["parameters"]:
        # Ninja hands on JSON Schema's list, where OpenAPI wants a map.
        if isinstance(examples := parameter.pop("examples", None), list) and examples:
            parameter["example"] = examples[0]
    operation["responses"] = {str(status): answer for status, answer in operation["responses"].items()}
    responses = operation["responses"]
    for status, answer in responses.items():
        if status.startswith(("4", "5")):
            answer["description"] = WHAT_THEY_MEAN[int(status)]
        answer["headers"] = dict(LIMITS)
    if "202" in responses and operation["operationId"] == "executeOperation":
        where = {"description": "where to follow the run", "schema": {"type": "string"}, "required": True}
        responses["202"]["headers"]["Location"] = where
    if method == "get" and operation["operationId"] not in {"whoami", "followRun"}:
        responses["200"]["headers"]["ETag"] = {"schema": {"type": "string"}}
        condition = {"name": "If-None-Match", "in": "header", "required": False, "schema": {"type": "string"}}
        operation["parameters"].append({**condition, "description": "an ETag that you have"})
        responses["304"] = {"description": "Not changed since that ETag."}


def bodies(found: dict[str, Any]) -> None:
    """The parameters of every declared operation, so that a generated client knows them."""
    schemas = found["components"]["schemas"]
    examples, refs = {}, []
    for definition in definitions().values():
        schema = definition.parameters.model_json_schema(ref_template=REF + "{model}")
        schemas.update(schema.pop("$defs", {}))
        schemas[definition.parameters.__name__] = schema
        refs.append({"$ref": REF + definition.parameters.__name__})
        examples[definition.name] = {"summary": definition.title, "value": dict(definition.example)}
    for what in ("plan", "execute"):
        operation = found["paths"][f"/api/v1/operations/{{operation}}/{what}"]["post"]
        operation["requestBody"]["content"] = {
            "application/json": {"schema": {"type": "object", "anyOf": refs}, "examples": examples}
        }
        for parameter in operation["parameters"]:
            if parameter["name"] == "operation":
                parameter["schema"] = {"type": "string", "enum": list(definitions())}
