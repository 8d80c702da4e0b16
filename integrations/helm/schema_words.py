"""A refusal by a chart's values.schema.json in words: the key, what stands there, and the schema's description of it.

The engine names the place and quotes a pattern. The description beside the pattern says what to write instead.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from core.credentials import SEARCHED, mask_credentials
from core.patterns import Pattern
from core.text import visible
from integrations.yaml.events import UnreadableYaml
from integrations.yaml.text import parse

REFUSED_BY_SCHEMA = "specifications of the schema"
# How the engine begins each place it objects to, and what parts the place from its objection.
AT, OBJECTS = "- at '", "': "
UNKNOWN_KEY = Pattern(r"additional propert(?:y|ies) (.+) not allowed")
MISSING_KEY = Pattern(r"missing propert(?:y|ies) (.+)")
# What the engine says of a place only because of the places below it.
OF_OTHERS = ("'allOf' failed", "validation failed")
CHOICES = ("'anyOf' failed", "'oneOf' failed", "'not' failed")
PLACES_SHOWN = 3
LONGEST_VALUE = 80


def schema_words(error: str, chart: Path, texts: Sequence[str]) -> tuple[str, str]:
    """(the first key at fault, sentences for the first few). Both "" for an error that the schema did not make."""
    if REFUSED_BY_SCHEMA not in error:
        return "", ""
    try:
        schema = json.loads((chart / "values.schema.json").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return "", ""
    objections = list(_objections(error))[:PLACES_SHOWN]
    sentences = [_sentence(place, said, schema, texts) for place, said in objections]
    return (_key(objections[0][0]) if objections else ""), " ".join(sentences)


def _objections(error: str) -> Iterator[tuple[list[str], str]]:
    """Each place with its objection. Of a choice that failed the place counts, not every branch of it."""
    judged: list[list[str]] = []
    for entry in error.split(AT)[1:]:
        pointer, separator, said = entry.partition(OBJECTS)
        place = [part.replace("~1", "/").replace("~0", "~") for part in pointer.split("/")[1:]]
        if not separator or said.startswith(OF_OTHERS) or any(place[: len(outer)] == outer for outer in judged):
            continue
        if said.startswith(CHOICES):
            judged.append(place)
        yield place, " ".join(said.split())


def _sentence(place: list[str], said: str, schema: Mapping[str, Any], texts: Sequence[str]) -> str:
    key, rule = _key(place) or "values.yaml", _description(schema, place)
    if unknown := UNKNOWN_KEY.search(said):
        return f"{key}: {unknown[1]} cannot stand here. {rule}".strip()
    if missing := MISSING_KEY.search(said):
        return f"{key}: {missing[1]} is missing. {rule}".strip()
    if not rule:
        return f"{key}: {said.rstrip('.')}."
    value = json.dumps(_value_at(place, texts), ensure_ascii=False, default=str)
    written = visible(mask_credentials(value[: SEARCHED * LONGEST_VALUE]))
    if len(written) > LONGEST_VALUE:
        written = f"{written[:LONGEST_VALUE]}..."
    return f"{key}: {written} does not fit. {rule}"


def _key(place: Sequence[str]) -> str:
    """`ingress.hosts[0]` as people write it."""
    key = ""
    for part in place:
        key += f"[{part}]" if part.isdigit() else f".{part}" if key else part
    return key


def _value_at(place: Sequence[str], texts: Sequence[str]) -> Any:
    """What the last of the texts that names the place has there; None where the chart's own value counts."""
    for text in reversed(texts):
        try:
            value: Any = parse(text)
            for part in place:
                value = value[int(part)] if isinstance(value, list) else value[part]
        except (UnreadableYaml, KeyError, IndexError, TypeError, ValueError):
            continue
        return value
    return None


def _description(schema: Mapping[str, Any], place: Sequence[str]) -> str:
    """Of the innermost key on the way that has one."""
    found, nodes = "", [schema]
    for part in place:
        nodes = [inner for node in nodes for each in _branches(schema, node) for inner in _below(each, part)]
        said = [each["description"] for node in nodes for each in _branches(schema, node) if "description" in each]
        found = said[0] if said else found
    return found


def _branches(schema: Mapping[str, Any], node: Any) -> Iterator[Mapping[str, Any]]:
    """The node and all that it is made of."""
    if not isinstance(node, Mapping):
        return
    yield node
    if name := str(node.get("$ref", "")).removeprefix("#/definitions/"):
        yield from _branches(schema, schema.get("definitions", {}).get(name))
    for kind in ("allOf", "anyOf", "oneOf"):
        for part in node.get(kind, []):
            yield from _branches(schema, part)


def _below(node: Mapping[str, Any], part: str) -> Iterator[Any]:
    if part in node.get("properties", {}):
        yield node["properties"][part]
        return
    patterns = node.get("patternProperties", {})
    matching = [inner for pattern, inner in patterns.items() if Pattern(pattern).search(part)]
    yield from matching
    if not matching and "additionalProperties" in node:
        yield node["additionalProperties"]
    if part.isdigit() and "items" in node:
        yield node["items"]
