"""Parameters of the git directory generator and the two template languages an ApplicationSet may use. Pure."""

import re
from typing import Any

PIECE = re.compile(r"\{\{-?\s*(.+?)\s*-?\}\}")


class TemplateError(Exception):
    """A template asks for something the generator does not give."""


def parameters(path: str) -> dict[str, Any]:
    """What a directory gives to the template."""
    segments = path.split("/")
    base = segments[-1]
    normal = re.sub(r"[^a-z0-9.-]", "-", base.lower())
    return {"path": path, "segments": segments, "basename": base, "basenameNormalized": normal}


def filled(thing: Any, values: dict[str, Any], *, go: bool) -> Any:
    """The template with every `{{...}}` replaced, in keys too. Raises TemplateError."""
    if isinstance(thing, dict):
        return {filled(key, values, go=go): filled(value, values, go=go) for key, value in thing.items()}
    if isinstance(thing, list):
        return [filled(value, values, go=go) for value in thing]
    if not isinstance(thing, str):
        return thing
    return PIECE.sub(lambda found: _value(found.group(1), values, go=go), thing)


def _value(expression: str, values: dict[str, Any], *, go: bool) -> str:
    word = expression.strip().strip("()").strip()
    if go:
        if found := re.fullmatch(r"index \.path\.segments (\d+)", word):
            return _segment(values, int(found.group(1)), expression)
        if found := re.fullmatch(r"\.path\.(path|basename|basenameNormalized)", word):
            return str(values[found.group(1)])
    elif found := re.fullmatch(r"path(?:\[(\d+)\]|\.(basename|basenameNormalized))?", word):
        number, name = found.groups()
        return _segment(values, int(number), expression) if number else str(values[name or "path"])
    raise TemplateError(
        f"failed to execute go template: {{{{{expression}}}}}: the git directory generator has no such parameter"
    )


def _segment(values: dict[str, Any], number: int, expression: str) -> str:
    segments = values["segments"]
    if number >= len(segments):
        raise TemplateError(f"failed to execute go template: {{{{{expression}}}}}: index out of range: {number}")
    return str(segments[number])
