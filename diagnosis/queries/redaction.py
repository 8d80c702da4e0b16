"""What must not leave with a support bundle: secrets, tokens, settings' values. Names stay, so that it can be read.

Objects are cut down to what diagnoses need, by field; what is left is searched for credentials by their shape, since a
program may print anything into its log, an event or an annotation.
"""

from collections.abc import Mapping
from typing import Any

from core.credentials import SECRET_NAME, mask_for_bundle
from core.patterns import Pattern
from diagnosis.rules.facts.objects import Obj, kind

HIDDEN = "(hidden)"
NAMES_SECRET = Pattern(f"(?i){SECRET_NAME}")
FLAG = Pattern(r"^(-{1,2}[\w.\-]+=).+")
# Kinds whose data are values of settings; only the names of their keys are kept.
HOLDERS = frozenset({"Secret", "ConfigMap"})
DROPPED = frozenset({"managedFields", "annotations", "data", "stringData", "binaryData"})
HELM_VALUES = frozenset({"values", "valuesObject"})


def scrubbed_text(text: str) -> str:
    """The text without credentials. The name in front of a value stays."""
    return mask_for_bundle(text, HIDDEN)


def scrubbed(value: Any) -> Any:
    """Every text inside, keys of maps left as they are."""
    if isinstance(value, str):
        return scrubbed_text(value)
    if isinstance(value, Mapping):
        return {str(key): scrubbed(entry) for key, entry in value.items()}
    return [scrubbed(entry) for entry in value] if isinstance(value, list | tuple) else value


def scrubbed_object(obj: Obj) -> Obj:
    """An object of the cluster without the values of settings and without what people wrote beside it."""
    kept = {key: _cut(entry) for key, entry in obj.items() if key not in DROPPED}
    if kind(obj) in HOLDERS:
        kept["keys"] = sorted(
            {*(obj.get("data") or {}), *(obj.get("stringData") or {}), *(obj.get("binaryData") or {})}
        )
    found: Obj = scrubbed(kept)
    return found


def _cut(value: Any) -> Any:
    if isinstance(value, list):
        return [_cut(entry) for entry in value]
    if not isinstance(value, dict):
        return value
    kept = {key: _cut(entry) for key, entry in value.items() if key not in DROPPED}
    for settings in ("env", "parameters"):
        if isinstance(kept.get(settings), list):
            kept[settings] = [{**entry, "value": HIDDEN} if isinstance(entry, dict) and "value" in entry else entry
                              for entry in kept[settings]]  # fmt: skip
    if isinstance(kept.get("helm"), dict):
        kept["helm"] = {key: HIDDEN if key in HELM_VALUES else entry for key, entry in kept["helm"].items()}
    for words in ("command", "args"):
        if isinstance(kept.get(words), list):
            kept[words] = _arguments(kept[words])
    return kept


def _arguments(words: list[Any]) -> list[Any]:
    """The value of `--flag=value` goes, and the word behind a bare flag that names a secret."""
    kept: list[Any] = []
    before = ""
    for word in words:
        text = word if isinstance(word, str) else ""
        follows = before.startswith("-") and "=" not in before and NAMES_SECRET.search(before) is not None
        kept.append(HIDDEN if follows else FLAG.sub(rf"\1{HIDDEN}", text) if text else word)
        before = text
    return kept
