"""The web form of an operation and the page it stands on, both made from declarations.

The form checks shape only by asking the operation's declaration. Apps declare their pages in `forms.py` and add them
in `apps.py`; buttons and remedies ask here which page does an operation.
"""

import types
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, Union, get_args, get_origin
from urllib.parse import urlencode

from django import forms
from django.urls import NoReverseMatch, reverse
from pydantic.fields import FieldInfo

from core.actor import Actor, Decision
from core.errors import Invalid
from core.parse import as_text, example_of, parse_parameters
from operations.registry import OperationDefinition, definition_of


class OperationForm(forms.Form):
    """`shown` names the fields a person fills in; `fixed` are those the page already knows.

    `now` is what stands already: a field left as it stands is not sent, so that the operation and its commit name only
    what changes. `defaults` hold where nothing stands and are shown as placeholders.
    """

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
        now: Mapping[str, Any] | None = None,
        defaults: Mapping[str, Any] | None = None,
    ) -> None:
        super().__init__(data, initial=dict(initial or {}))
        self.definition = definition
        self.fixed = dict(fixed)
        self.now = now
        for name in shown:
            info = definition.parameters.model_fields[name]
            label = (labels or {}).get(name, name.replace("_", " ").capitalize())
            self.fields[name] = form_field(info, label=label, help_text=(helps or {}).get(name, ""))
        for name, default in (defaults or {}).items():
            if name in self.fields:
                self.fields[name].widget.attrs["placeholder"] = f"{default} by default"

    def parameters(self) -> dict[str, Any]:
        """What was typed and what the page knows, as the declaration takes it; blanks are left out."""
        typed = {name: self.cleaned_data.get(name) for name in self.fields if name in self.cleaned_data}
        given = {name: value for name, value in typed.items() if value not in ("", None)}
        return {**{name: value for name, value in given.items() if not self.stands(name, value)}, **self.fixed}

    def stands(self, name: str, value: Any) -> bool:
        """An unticked box says nothing where nothing stands."""
        if self.now is None:
            return False
        return str(value) == str(self.now.get(name, False if value is False else None))

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


def nothing_stands(subject: Any) -> None:
    """The `now` of a page whose fields are all sent."""


def no_defaults() -> None:
    """The `defaults` of a page without placeholders of its own."""


def as_asked(subject: Any, asked: Mapping[str, Any]) -> Mapping[str, Any]:
    return asked


def nothing_around(actor: Actor, subject: Any) -> Mapping[str, Any]:
    """The `frame` of a page with nothing but its form."""
    return {}


@dataclass(frozen=True, slots=True, kw_only=True)
class OperationPage:
    """The page of an operation: what it asks for, what it knows, and what stands around its form.

    `route` is the name of its address and `verb` its row in the permission table. `place` says which parameter each
    part of the address gives; `fixed` are parameters that have one value on this page.

    `subject(actor, **address)` finds what the page is about or raises NotFound. `may(actor, subject)` lets people in.
    `initial(subject, asked)` fills the fields in; `asked` is what the address asks for, as a remedy's link does.
    `now(subject)` and `defaults()` are those of `OperationForm`.

    `template` extends operations/change.html. It and `aside`, the template beside the form, get `frame(actor, subject)`
    as context; the key `leave` in it is the address that leads away without a change.
    """

    operation: str
    route: str
    verb: str
    place: Mapping[str, str]
    subject: Callable[..., Any]
    may: Callable[[Actor, Any], Decision]
    title: Callable[[Any], str]
    fields: Sequence[str]
    fixed: Mapping[str, str] = field(default_factory=dict)
    initial: Callable[[Any, Mapping[str, Any]], Mapping[str, Any]] = as_asked
    now: Callable[[Any], Mapping[str, Any] | None] = nothing_stands
    defaults: Callable[[], Mapping[str, Any] | None] = no_defaults
    labels: Mapping[str, str] = field(default_factory=dict)
    helps: Mapping[str, str] = field(default_factory=dict)
    form: type[OperationForm] = OperationForm
    template: str = "operations/change.html"
    aside: str = ""
    frame: Callable[[Actor, Any], Mapping[str, Any]] = nothing_around

    def form_for(
        self, subject: Any, address: Mapping[str, str], data: Mapping[str, Any] | None, asked: Mapping[str, Any]
    ) -> OperationForm:
        now = self.now(subject)
        return self.form(
            definition_of(self.operation),
            shown=self.fields,
            fixed={**self.fixed, **{parameter: address[part] for part, parameter in self.place.items()}},
            data=data,
            initial={**(now or {}), **self.initial(subject, asked)},
            labels=self.labels,
            helps=self.helps,
            now=now,
            defaults=self.defaults(),
        )

    def does(self, parameters: Mapping[str, Any]) -> bool:
        """Whether the operation with these parameters is what this page does."""
        return all(parameters.get(name) == value for name, value in self.fixed.items())

    def address(self, parameters: Mapping[str, Any], **known: str) -> str:
        """The page with the parameters filled in, or "". `known` are parts of the address not given by them."""
        place = {part: parameters.get(name) or known.get(part, "") for part, name in self.place.items()}
        rest = {name: value for name, value in parameters.items() if name not in {*self.place.values(), *self.fixed}}
        return filled_address(self.route, place, rest)


def filled_address(route: str, place: Mapping[str, Any], asked: Mapping[str, Any]) -> str:
    """The page at that place with `asked` in its query; "" where there is no such place."""
    try:
        path = reverse(route, kwargs=dict(place))
    except NoReverseMatch:
        return ""
    query = urlencode({name: as_text(value) for name, value in asked.items() if value not in (None, "")})
    return f"{path}?{query}" if query else path


_pages: list[OperationPage] = []


def add_pages(pages: Sequence[OperationPage]) -> None:
    """Called by each app at start, after its operations are registered.

    Raises ValueError for a route that is taken and for a parameter that the operation does not have.
    """
    for page in pages:
        own = definition_of(page.operation).parameters.model_fields
        unknown = {*page.fields, *page.fixed, *page.place.values()} - set(own)
        if unknown or any(page.route == other.route for other in _pages):
            raise ValueError(f"Page {page.route}: {', '.join(sorted(unknown)) or 'declared twice'}.")
        _pages.append(page)


def page_of(operation: str, parameters: Mapping[str, Any] | None = None) -> OperationPage | None:
    """The page that does the operation with these parameters, else its first one. None where it has no page."""
    own = [page for page in _pages if page.operation == operation]
    return next((page for page in own if page.does(parameters or {})), own[0] if own else None)


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
