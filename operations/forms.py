"""The web form of an operation, made from its declaration. It checks shape only by asking the declaration."""

import types
from collections.abc import Mapping, Sequence
from typing import Any, Literal, Union, get_args, get_origin

from django import forms
from pydantic.fields import FieldInfo

from core.errors import Invalid
from core.parse import example_of, parse_parameters
from operations.registry import OperationDefinition


class OperationForm(forms.Form):
    """`shown` names the fields a person fills in; `fixed` are those the page already knows."""

    def __init__(
        self,
        definition: OperationDefinition,
        *,
        shown: Sequence[str],
        fixed: Mapping[str, Any],
        data: Mapping[str, Any] | None = None,
        initial: Mapping[str, Any] | None = None,
        labels: Mapping[str, str] | None = None,
        helps: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(data, initial=dict(initial or {}))
        self.definition = definition
        self.fixed = dict(fixed)
        for name in shown:
            info = definition.parameters.model_fields[name]
            label = (labels or {}).get(name, name.replace("_", " ").capitalize())
            self.fields[name] = form_field(info, label=label, help_text=(helps or {}).get(name, ""))

    def parameters(self) -> dict[str, Any]:
        """What was typed and what the page knows, as the declaration takes it; blanks are left out."""
        typed = {name: self.cleaned_data.get(name) for name in self.fields if name in self.cleaned_data}
        return {**{name: value for name, value in typed.items() if value not in ("", None)}, **self.fixed}

    def clean(self) -> dict[str, Any]:
        try:
            parse_parameters(self.definition.parameters, self.parameters())
        except Invalid as problem:
            self.take(problem)
        return self.cleaned_data

    def take(self, problem: Invalid) -> None:
        """Puts each sentence at its field; those of fields the page does not show stand above the form."""
        for entry in problem.fields:
            example = f" Example: {entry['example']}" if entry.get("example") else ""
            known = entry["field"] in self.fields
            self.add_error(entry["field"] if known else None, f"{entry['sentence']}{example}")


def form_field(info: FieldInfo, *, label: str, help_text: str = "") -> forms.Field:
    """The plain form field for a parameter: text unless its type says otherwise; parsing is the declaration's."""
    common: dict[str, Any] = {"label": label, "required": False, "help_text": help_text or info.description or ""}
    kinds = flattened(info.annotation)
    choices = [value for kind in kinds if get_origin(kind) is Literal for value in get_args(kind)]
    if choices and not any(kind is str for kind in kinds):
        return forms.ChoiceField(choices=[(value, value) for value in choices], **common)
    if bool in kinds:
        return forms.BooleanField(**common)
    hint = {"placeholder": example_of(info).splitlines()[0] if example_of(info) else "", "autocomplete": "off"}
    if any(get_origin(kind) in {dict, list} for kind in kinds):
        lines = forms.CharField(
            widget=forms.Textarea(attrs={**hint, "rows": 5, "spellcheck": "false"}), strip=False, **common
        )
        # Shown behind the help text: a placeholder is gone as soon as anything stands in the field.
        lines.example = example_of(info)  # type: ignore[attr-defined]
        return lines
    number = {"inputmode": "numeric"} if int in kinds else {}
    return forms.CharField(widget=forms.TextInput(attrs={**hint, **number, "spellcheck": "false"}), **common)


def flattened(annotation: Any) -> list[Any]:
    """The alternatives of a type, without Annotated and None."""
    if hasattr(annotation, "__metadata__"):
        return flattened(get_args(annotation)[0])
    if get_origin(annotation) in {Union, types.UnionType}:
        return [kind for part in get_args(annotation) for kind in flattened(part) if kind is not type(None)]
    return [annotation]
