"""Every status word of every app has a label, a tone and an icon, and is drawn as a badge."""

from collections.abc import Iterator
from pathlib import Path

import pytest

import operations.choices  # noqa: F401  (importing an app's enums makes them known below)
from core.templatetags.ui import badge
from core.words import StatusWord, Tone

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
    names = {type(word).__name__ for word in status_words()}

    assert names >= {"Health", "Sync", "Severity", "Verdict", "OperationState", "StepState", "AuditResult", "Risk"}


def test_a_word_is_read_back_from_its_text() -> None:
    assert all(type(word)(word.value) is word for word in status_words())
