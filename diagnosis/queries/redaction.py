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
    r"|(?P<prefixed>\b(?:gh[opsur]_|github_pat_|glpat-|hvs\.|hvb\.|s\.|xox[abposr]-|sk[-_]|rk_|pk_|npm_|mctl_pat_|dckr_pat_|AIza)"
    r"[\w\-.]{8,}|\bA(?:KIA|SIA)[A-Z0-9]{12,})"
    r"|(?P<basic>(?i:basic|bearer|token|digest) [A-Za-z0-9+/=_\-.]{8,})"
)
NAMED = re.compile(
    r"(?i)([\"']?[\w.\-]*(?:pass(?:word|wd|phrase)?|pwd|secret|token|api[_\-]?key|private[_\-]?key|credential|auth(?:orization)?"
    r"|dsn|session|cookie|signature)[\w.\-]*[\"']?\s*[=:]\s*)(?:\"[^\"]*\"|'[^']*'|[^\s,;&}\]]+)"
)
# Kinds whose data are values of settings; only the names of their keys are kept.
HOLDERS = frozenset({"Secret", "ConfigMap"})
DROPPED = frozenset({"managedFields", "annotations", "data", "stringData", "binaryData"})


def scrubbed_text(text: str) -> str:
    """The text without credentials. The name in front of a value stays."""
    text = SHAPES.sub(HIDDEN, text)
    text = CREDENTIAL.sub(lambda found: next(part for part in found.groups() if part is not None) + HIDDEN, text)
    return NAMED.sub(lambda found: found.group(1) + HIDDEN, text)


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
    if isinstance(kept.get("env"), list):
        kept["env"] = [{**entry, "value": HIDDEN} if isinstance(entry, dict) and "value" in entry else entry
                       for entry in kept["env"]]  # fmt: skip
    for words in ("command", "args"):
        if isinstance(kept.get(words), list):
            kept[words] = [_argument(word) for word in kept[words]]
    return kept


def _argument(word: Any) -> Any:
    """The value of `--flag=value` goes; a command keeps its name."""
    return re.sub(r"^(-{1,2}[\w.\-]+=).+", rf"\1{HIDDEN}", word) if isinstance(word, str) else word
