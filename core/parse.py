"""Untyped input into a pydantic model, refused with a sentence, the value and an example for each field."""

from collections.abc import Mapping
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError
from pydantic.fields import FieldInfo
from pydantic_core import ErrorDetails, PydanticCustomError

from core.errors import Invalid

Model = TypeVar("Model", bound=BaseModel)

SENTENCES = {
    "missing": "This is needed.",
    "extra_forbidden": "There is no such field.",
    "string_type": "Give text.",
    "int_parsing": "Give a whole number.",
    "int_type": "Give a whole number.",
    "bool_parsing": "Give true or false.",
    "greater_than_equal": "Give at least {ge}.",
    "less_than_equal": "Give at most {le}.",
    "literal_error": "Choose one of {expected}.",
    "dict_type": "Give a map, or lines KEY=value.",
}
MASK = "(hidden)"


def parse_parameters(model: type[Model], raw: Mapping[str, Any]) -> Model:
    """The model filled from `raw`. Raises Invalid, which never repeats a value of a field marked secret."""
    try:
        return model.model_validate(dict(raw))
    except ValidationError as error:
        fields = [
            describe_error(model, raw, detail) for detail in error.errors(include_url=False, include_context=True)
        ]
        # A field of several types has an error for each; the first is of the type that people mean.
        fields = list({field["field"]: field for field in reversed(fields)}.values())[::-1]
        number = len(fields)
        sentence = (
            f"{number} field{'s' if number > 1 else ''} cannot be taken: {', '.join(f['field'] for f in fields)}."
        )
        # `from None`: pydantic's own text repeats the input, which may be a secret.
        raise Invalid(sentence, fields=fields, remedy="Correct the fields and send the request again.") from None


def describe_error(model: type[BaseModel], raw: Mapping[str, Any], detail: ErrorDetails) -> dict[str, str]:
    name = str(detail["loc"][0]) if detail["loc"] else str(detail.get("ctx", {}).get("field", "request"))
    info = model.model_fields.get(name)
    example = example_of(info)
    if info and is_secret(info):
        # The usual sentences quote what they refuse.
        return {"field": name, "value": MASK, "sentence": "Give lines KEY=value, or a map.", "example": example}
    value = "" if detail["type"] == "missing" else raw.get(name, "")
    return {"field": name, "value": str(value), "sentence": sentence_of(detail), "example": example}


def field_error(field: str, sentence: str) -> PydanticCustomError:
    """For rules over several fields: the error that names the one to change."""
    return PydanticCustomError("field", "{sentence}", {"field": field, "sentence": sentence})


def sentence_of(detail: ErrorDetails) -> str:
    if detail["type"] == "value_error":
        return detail["msg"].removeprefix("Value error, ")
    if detail["type"] == "field":
        return detail["msg"]
    template = SENTENCES.get(detail["type"])
    return template.format(**detail.get("ctx", {})) if template else f"{detail['msg']}."


def is_secret(info: FieldInfo) -> bool:
    return isinstance(info.json_schema_extra, dict) and bool(info.json_schema_extra.get("secret"))


def example_of(info: FieldInfo | None) -> str:
    if info is None or not info.examples:
        return ""
    return as_text(info.examples[0])


def as_text(example: object) -> str:
    """An example as a form or a script would send it."""
    if isinstance(example, dict):
        return "\n".join(f"{key}={value}" for key, value in example.items())
    return ", ".join(map(str, example)) if isinstance(example, list) else str(example)
