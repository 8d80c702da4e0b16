"""What must not leave with a support bundle: secrets, tokens, settings' values. Names stay, so that it can be read.

Objects are cut down to what diagnoses need, by field; what is left is searched for credentials by their shape, since a
program may print anything into its log, an event or an annotation.
"""

import re
from collections.abc import Mapping
from typing import Any

from diagnosis.queries.objects import Obj, kind
from diagnosis.queries.text import CREDENTIAL

HIDDEN = "(hidden)"
SHAPES = re.compile(
    r"(?s)(?P<pem>-----BEGIN [A-Z ]*PRIVATE KEY-----.*?(?:-----END [A-Z ]*PRIVATE KEY-----|$))"
    r"|(?P<jwt>\beyJ[\w\-]{6,}\.[\w\-]{4,}(?:\.[\w\-]*)?)"
    r"|(?P<prefixed>\b(?:gh[opsur]_|github_pat_|glpat-|hvs\.|hvb\.|s\.|xox[abposr]-|sk[-_]|rk_|pk_|npm_|mctl_(?:pat|rt)_|dckr_pat_|AIza)"
    r"[\w\-.]{8,}|\bA(?:KIA|SIA)[A-Z0-9]{12,})"
    r"|(?P<basic>(?i:basic|bearer|token|digest) [A-Za-z0-9+/=_\-.]{8,})"
)
SECRET = (
    r"(?:pass(?:word|wd|phrase)?|pwd|secret|token|api[_\-]?key|private[_\-]?key|credential|auth(?:orization)?"
    r"|dsn|session|cookie|signature)"
)
# A quote may stand escaped, as in JSON that a program logs inside of JSON.
QUOTE = r"(?:\\*[\"'])"
VALUE = r"(?:\\*\"[^\"]*\"|\\*'[^']*'|[^\s,;&}\]\\]+)"
NAMED = re.compile(
    rf"(?i)({QUOTE}?[\w.\-]*{SECRET}[\w.\-]*{QUOTE}?\s*[=:]\s*){VALUE}"
    # {"name": "DB_PASSWORD", "value": "..."}, a flag and its argument, and "password hunter2".
    rf"|({QUOTE}name{QUOTE}\s*:\s*{QUOTE}[\w.\-]*{SECRET}[\w.\-]*{QUOTE}\s*,\s*{QUOTE}value{QUOTE}\s*:\s*){VALUE}"
    rf"|(--?[\w.\-]*{SECRET}[\w.\-]*\s+){VALUE}"
    r"|(\b(?:password|passwd|passphrase)\s+)(?=\S*\d)\S+"
)
SECRET_NAME = re.compile(SECRET, re.IGNORECASE)
# Kinds whose data are values of settings; only the names of their keys are kept.
HOLDERS = frozenset({"Secret", "ConfigMap"})
DROPPED = frozenset({"managedFields", "annotations", "data", "stringData", "binaryData"})
HELM_VALUES = frozenset({"values", "valuesObject"})


def scrubbed_text(text: str) -> str:
    """The text without credentials. The name in front of a value stays."""
    text = SHAPES.sub(HIDDEN, text)
    text = CREDENTIAL.sub(lambda found: next(part for part in found.groups() if part is not None) + HIDDEN, text)
    return NAMED.sub(lambda found: next(part for part in found.groups() if part is not None) + HIDDEN, text)


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
        follows = before.startswith("-") and "=" not in before and bool(SECRET_NAME.search(before))
        kept.append(HIDDEN if follows else re.sub(r"^(-{1,2}[\w.\-]+=).+", rf"\1{HIDDEN}", text) if text else word)
        before = text
    return kept
