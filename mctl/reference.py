"""The reference pages: tools, operations, endpoints and questions, each made from the registry that the doors use.

Nothing is written here twice: an operation declared in an app stands on three of these pages by that alone.
"""

import json
import shlex
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.conf import settings
from pydantic import BaseModel

from core.actor import Actor, Door, Role
from core.errors import NotFound
from core.parse import parse_parameters
from core.patterns import Pattern
from core.rest import WHAT_THEY_MEAN
from core.tool import Effect, Tool
from core.words import Tone
from mcp_server.catalogue import catalogue
from mcp_server.toolsets import toolset_of
from mctl.api_document import document
from mctl.api_v1 import api
from mctl.faq import questions
from operations.choices import Risk
from operations.registry import OperationDefinition, definition_of, definitions

LONGEST_SEARCH = 80
TYPES = {
    "string": "text", "integer": "whole number", "number": "number", "boolean": "true or false", "object": "map",
    "array": "list",
}  # fmt: skip
EFFECTS = {
    Effect.READ: ("reads", Tone.OK),
    Effect.WRITE: ("changes", Tone.WARN),
    Effect.DESTRUCTIVE: ("must be confirmed", Tone.BAD),
}
PLACES = {"tenant": "payments", "name": "payments-api", "public_id": "deploy-service-x7k2p"}
PARAMETER = Pattern(r"\{(\w+)\}")


@dataclass(frozen=True, slots=True)
class Field:
    """One argument, parameter or key: `kind` in words, `note` what it is for, `rule` what else holds."""

    name: str
    kind: str
    note: str = ""
    rule: str = ""
    needed: bool = False


@dataclass(frozen=True, slots=True)
class Mark:
    label: str
    tone: Tone


@dataclass(frozen=True, slots=True)
class Entry:
    """What stands under one heading. `gives` is what comes back, by the name `gives_title`; `example` is to copy."""

    anchor: str
    name: str
    title: str
    text: str
    marks: tuple[Mark, ...] = ()
    takes: tuple[Field, ...] = ()
    gives: tuple[Field, ...] = ()
    gives_title: str = "Gives"
    example: str = ""


@dataclass(frozen=True, slots=True)
class Page:
    """`groups` are the entries that match `q`, under their headings."""

    kind: str
    title: str
    sentence: str
    q: str
    groups: Sequence[tuple[str, Sequence[Entry]]]


def reference_page(kind: str, q: str = "") -> Page:
    title, sentence, make = PAGES[kind]
    words = q.strip()[:LONGEST_SEARCH].lower().split()
    groups: dict[str, list[Entry]] = {}
    for group, entry in make():
        if matches(entry, words):
            groups.setdefault(group, []).append(entry)
    return Page(kind, title, sentence, q.strip()[:LONGEST_SEARCH], list(groups.items()))


def matches(entry: Entry, words: list[str]) -> bool:
    fields = [f"{one.name} {one.note} {one.rule}" for one in (*entry.takes, *entry.gives)]
    text = " ".join((entry.name, entry.title, entry.text, *(mark.label for mark in entry.marks), *fields)).lower()
    return all(word in text for word in words)


def tool_entries() -> Iterable[tuple[str, Entry]]:
    ordered = sorted(catalogue().values(), key=lambda one: toolset_of(one).rank)
    for one in ordered:
        asked = [definition_of(one.operation).parameters] if one.operation else []
        label, tone = EFFECTS[one.effect]
        yield f"Toolset {toolset_of(one).value}", Entry(
            anchor=one.name, name=one.name, title=one.title, text=one.description, marks=(Mark(label, tone),),
            takes=tuple(field for model in (*asked, one.parameters) for field in fields_of(model)),
            gives=tuple(Field(key, kind_in_words(word)) for key, word in one.returns.items()),
            example=tool_example(one),
        )  # fmt: skip


def kind_in_words(word: str) -> str:
    return TYPES[word.removesuffix("?")] + (" or nothing" if word.endswith("?") else "")


def tool_example(one: Tool) -> str:
    if not one.operation:
        return ""
    return json.dumps({**definition_of(one.operation).example, "dry_run": True}, indent=2)


def operation_entries() -> Iterable[tuple[str, Entry]]:
    for one in definitions().values():
        given = parse_parameters(one.parameters, one.example)
        marks = [Mark(f"{one.risk} risk", Risk(one.risk).tone), Mark(who_may(one, given), Tone.IDLE)]
        if one.must_confirm:
            marks.append(Mark("must be confirmed", Tone.BAD))
        yield "", Entry(
            anchor=one.name, name=one.name, title=one.title, text=one.description, marks=tuple(marks),
            takes=tuple(fields_of(one.parameters)), gives_title="Steps",
            gives=tuple(Field(step.name, "", step.title) for step in one.steps(given)),
            example=json.dumps(dict(one.example), indent=2),
        )  # fmt: skip


def who_may(one: OperationDefinition, given: Any) -> str:
    """The weakest role that the operation's own policy lets through."""
    tenant = one.target(given).tenant
    for role in Role:
        try:
            if one.policy(Actor("somebody", Door.WEB, roles={tenant: role}), given).allowed:
                return f"{role.value} of the tenant"
        except NotFound:
            continue
    return "platform admin"


def endpoint_entries() -> Iterable[tuple[str, Entry]]:
    paths: Mapping[str, Any] = document(api)["paths"]
    for path, item in paths.items():
        for method, one in item.items():
            takes = [
                Field(
                    field["name"], f"{in_words(field['schema'])}, in the {field['in']}", field.get("description", ""),
                    needed=field.get("required", False),
                )
                for field in one["parameters"]
            ]  # fmt: skip
            yield one["tags"][0].capitalize(), Entry(
                anchor=one["operationId"], name=f"{method.upper()} {path}", title=one["summary"],
                text=one.get("description", ""), takes=tuple(takes), gives_title="Answers",
                gives=tuple(Field(status, "", meaning(status, answer)) for status, answer in one["responses"].items()),
                example=curl(method, path),
            )  # fmt: skip


def meaning(status: str, answer: Mapping[str, Any]) -> str:
    return WHAT_THEY_MEAN.get(int(status)) or str(answer.get("description", ""))


def curl(method: str, path: str) -> str:
    first = next(iter(definitions().values()))
    examples = {**PLACES, "operation": first.name}
    address = settings.PUBLIC_URL + PARAMETER.sub(lambda found: examples.get(found[1]) or example_of(found[1]), path)
    lines = ['curl --fail-with-body -H "Authorization: Bearer $MCTL_TOKEN"', address]
    if method == "post":
        body = f" -d {shlex.quote(json.dumps(dict(first.example)))}" if "{operation}" in path else ""
        lines.insert(1, f"-X POST -H 'Content-Type: application/json'{body}")
    return " \\\n  ".join(lines)


def example_of(parameter: str) -> str:
    """Made of the name, for a parameter of which no example is known: `database_id` as `my-database-id`."""
    return f"my-{parameter.replace('_', '-')}"


def question_entries() -> Iterable[tuple[str, Entry]]:
    for one in questions():
        yield one.group, Entry(anchor=one.anchor, name="", title=one.asked, text=one.answer)


def fields_of(model: type[BaseModel]) -> Iterable[Field]:
    whole = model.model_json_schema()
    defined = whole.get("$defs", {})
    for name, schema in whole.get("properties", {}).items():
        is_secret = bool(schema.get("secret"))
        example = next(iter(schema.get("examples", [])), None)
        default = schema.get("default")
        rules = [
            "a secret: it goes to Vault and is kept nowhere else" if is_secret else "",
            f"else {default}" if default not in (None, "", False, [], {}) else "",
            f"such as {example if isinstance(example, str) else json.dumps(example)}" if example is not None else "",
        ]
        yield Field(
            name, in_words(schema, defined), schema.get("description", ""), "; ".join(filter(None, rules)),
            name in whole.get("required", ()),
        )  # fmt: skip


def in_words(schema: Mapping[str, Any], defined: Mapping[str, Any] | None = None) -> str:
    if "$ref" in schema:
        return in_words((defined or {}).get(schema["$ref"].rpartition("/")[2], {}), defined)
    choices = [one for key in ("anyOf", "allOf") for one in schema.get(key, ()) if one.get("type") != "null"]
    if choices:
        return " or ".join(dict.fromkeys(in_words(one, defined) for one in choices))
    if "enum" in schema:
        return "one of " + ", ".join(str(one) for one in schema["enum"] if one != "")
    if "const" in schema:
        return str(schema["const"])
    words = TYPES.get(schema.get("type", ""), "anything")
    if schema.get("type") == "array" and schema.get("items"):
        words = f"list of {in_words(schema['items'], defined)}"
    least, most = schema.get("minimum"), schema.get("maximum")
    return words + (f" from {least} to {most}" if least is not None and most is not None else "")


Entries = Callable[[], Iterable[tuple[str, Entry]]]
PAGES: dict[str, tuple[str, str, Entries]] = {
    "tools": (
        "Tools",
        "What an AI client finds at /mcp. Each call is judged by your role and by the token's scopes.",
        tool_entries,
    ),
    "operations": (
        "Operations",
        "Every change there is: planned, recorded, followed to its end, from a page, a tool or a script alike.",
        operation_entries,
    ),
    "api": (
        "REST API",
        "For scripts and programs, with a bearer token. The same as OpenAPI 3.1 is at /api/v1/openapi.json.",
        endpoint_entries,
    ),
    "faq": (
        "Questions",
        "Answers with the numbers and names of this installation.",
        question_entries,
    ),
}
