"""Every status word of every app has a label, a tone and an icon, and is drawn as a badge."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from core.discovery import app_modules
from core.templatetags import styleguide  # noqa: F401
from core.templatetags.ui import badge
from core.words import StatusWord, Tone
from tests.architecture.test_patterns import PRODUCT, ROOT

# Importing an app's enums makes them known below.
app_modules("choices")
DECLARED = re.compile(r"^class (\w+)\(StatusWord", re.MULTILINE)
ICONS = Path("templates/components/icons.html").read_text()


def status_words(base: type[StatusWord] = StatusWord) -> Iterator[StatusWord]:
    for kind in base.__subclasses__():
        yield from kind
        yield from status_words(kind)


@pytest.mark.parametrize("word", list(status_words()), ids=lambda word: f"{type(word).__name__}.{word.name}")
def test_a_status_word_has_label_tone_and_icon_and_is_drawn(word: StatusWord) -> None:
    assert word.label
    assert word.tone in set(Tone)
    assert f'id="i-{word.icon}"' in ICONS
    assert f"tone-{word.tone}" in badge(word)
    assert word.label in badge(word)


def test_the_words_of_every_app_are_among_them() -> None:
    files = [path for folder in PRODUCT for path in (ROOT / folder).rglob("*.py")]
    declared = {name for path in files for name in DECLARED.findall(path.read_text())}

    assert declared == {type(word).__name__ for word in status_words()}
    assert declared >= {"Health", "Sync", "Severity", "Verdict", "OperationState", "StepState", "AuditResult", "Risk"}


def test_a_word_is_read_back_from_its_text() -> None:
    assert all(type(word)(word.value) is word for word in status_words())
