"""The vocabulary of all pages: what components and tags say, and what no template may contain."""

import re
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from django import forms
from django.template import Context, Template
from django.test import RequestFactory
from django.urls import resolve
from django_htmx.middleware import HtmxDetails

from core import clock
from core.actor import Actor, Door
from core.htmx import wants_part
from core.templatetags import lines, ui
from core.words import Health, Sync, Tone
from tests.rendering import INVALID, strict_engine

ROOT = Path(__file__).resolve().parents[2]
TEMPLATES = sorted((ROOT / "templates").rglob("*.html"))
NOON = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)


def name(path: Path) -> str:
    return str(path.relative_to(ROOT / "templates"))


@pytest.fixture
def noon(monkeypatch: pytest.MonkeyPatch) -> datetime:
    monkeypatch.setattr(clock, "now", lambda: NOON)
    return NOON


def styleguide() -> str:
    request = RequestFactory().get("/styleguide/", {"status": "Degraded"})
    request.actor = Actor(name="olga", door=Door.WEB)
    request.resolver_match = resolve("/styleguide/")
    frame = {"messages": [], "shell_sources": [], "shell_running": 2, "shell_tenants": ["payments"]}
    return strict_engine().get_template("mctl/styleguide.html").render(frame, request)


# --- Every template


@pytest.mark.parametrize("path", TEMPLATES, ids=name)
def test_a_template_says_first_what_it_expects(path: Path) -> None:
    first = path.read_text().split("\n", 1)[0]
    assert first.startswith("{# ")
    if path.name.startswith("_") or path.parent.name == "components":
        assert "xpects" in first


@pytest.mark.parametrize("path", TEMPLATES, ids=name)
def test_a_template_holds_nothing_the_content_policy_forbids(path: Path) -> None:
    text = path.read_text()
    assert not re.search(r"\sstyle=|\son[a-z]+=\"|<style|javascript:|hx-on|hx-vals=.js:", text)
    assert not re.search(r"<script(?![^>]*\ssrc=)", text)
    assert not re.search(r"(?:src|href)=\"https?:", text.replace('href="https://{{ host }}"', ""))


@pytest.mark.parametrize("path", TEMPLATES, ids=name)
def test_stylesheets_scripts_and_pictures_it_names_exist(path: Path) -> None:
    for asset in re.findall(r"{% static \"([^\"]+)\" %}", path.read_text()):
        assert (ROOT / "static" / asset).is_file(), asset


def test_the_styleguide_shows_every_component_and_misses_no_value() -> None:
    page = styleguide()
    assert INVALID not in page
    drawn = {path.name for path in (ROOT / "templates" / "components").glob("*.html")}
    sources = "".join(path.read_text() for path in TEMPLATES if "styleguide" in path.name)
    by_tag = {"badge.html", "field.html", "dots.html", "sort_header.html"}
    inside = {"evidence.html", "remedy.html", "icons.html", "messages.html"}
    assert {part for part in drawn - by_tag - inside if f"components/{part}" not in sources} == set()


def test_every_icon_that_is_used_is_drawn() -> None:
    sheet = (ROOT / "templates/components/icons.html").read_text()
    used = {icon for path in TEMPLATES for icon in re.findall(r'{% icon "([a-z]+)"', path.read_text())}
    for icon in used | {tone.icon for tone in Tone}:
        assert f'id="i-{icon}"' in sheet


def test_ids_of_the_styleguide_are_unique() -> None:
    ids = re.findall(r'\sid="([^"]+)"', styleguide())
    assert sorted(ids) == sorted(set(ids))


# --- Colours


def tokens() -> dict[str, tuple[str, str]]:
    text = (ROOT / "static/css/tokens.css").read_text()
    return {
        key: (light, dark) for key, light, dark in re.findall(r"--([\w-]+): light-dark\((#\w{6}), (#\w{6})\)", text)
    }


def luminance(colour: str) -> float:
    parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one: str, other: str) -> float:
    light, dark = sorted((luminance(one), luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


@pytest.mark.parametrize("theme", [0, 1], ids=["light", "dark"])
def test_every_text_colour_reads_on_every_ground_it_stands_on(theme: int) -> None:
    colour = {key: pair[theme] for key, pair in tokens().items()}
    meanings = ("ok", "busy", "warn", "bad", "idle", "unknown")
    pairs = [(word, ground) for word in ("text", "muted", "accent") for ground in ("bg", "surface", "sunken")]
    pairs += [(word, ground) for word in meanings for ground in ("surface", "bg", f"{word}-bg")]
    low = {pair: round(contrast(colour[pair[0]], colour[pair[1]]), 2) for pair in pairs}
    assert {pair: ratio for pair, ratio in low.items() if ratio < 4.5} == {}
    assert contrast(colour["line-field"], colour["surface"]) >= 3


# --- Words and numbers


@pytest.mark.parametrize("word", [*Health, *Sync], ids=str)
def test_a_badge_has_a_word_and_a_shape_beside_its_colour(word: Health | Sync) -> None:
    badge = ui.badge(word)
    assert word.label in badge
    assert f'href="#i-{word.icon}"' in badge
    assert f"tone-{word.tone}" in badge


def test_a_badge_escapes_what_is_not_ours() -> None:
    assert "&lt;b&gt;" in ui.badge("<b>")


@pytest.mark.parametrize(
    ("seconds", "said"),
    [
        (0, "0 s ago"),
        (38, "38 s ago"),
        (1080, "18 min ago"),
        (7300, "2 h ago"),
        (200_000, "2 d ago"),
        (-545, "in 9 min"),
    ],
)
def test_moments_are_relative_in_the_text_and_absolute_beside_it(noon: datetime, seconds: int, said: str) -> None:
    time = ui.ago(noon - timedelta(seconds=seconds))
    assert f">{said}</time>" in time
    assert 'datetime="2026-0' in time
    assert "UTC" in time


def test_an_age_leaves_out_ago_and_a_moment_that_is_unknown_shows_a_dash(noon: datetime) -> None:
    assert ">18 min</time>" in ui.ago("2026-03-01T11:42:00Z", "age")
    assert "—" in ui.ago(None)
    assert "—" in ui.ago("soon")


@pytest.mark.parametrize(
    ("seconds", "said"),
    [(0.2, "0.2 s"), (2.0, "2 s"), (38, "38 s"), (134, "2 m 14 s"), (3900, "1 h 5 m"), (86400, "1 d"), (None, "")],
)
def test_durations_in_words(seconds: float | None, said: str) -> None:
    assert ui.duration(seconds) == said


def test_sizes_in_words() -> None:
    assert [ui.bytes_in_words(size) for size in (512, 536_870_912, 7_945_689_497)] == ["512 B", "512 MiB", "7.4 GiB"]
    assert [ui.cpu(cores) for cores in (250, 1000, 2400)] == ["0.25 cores", "1 core", "2.4 cores"]


def test_a_long_name_breaks_behind_its_dots_and_stays_escaped() -> None:
    assert ui.breakable("api.apps.example.dev") == "api.<wbr>apps.<wbr>example.<wbr>dev"
    assert ui.breakable("<b> -> 1.9") == '&lt;b&gt; <span class="nowrap">-&gt;</span> 1.<wbr>9'


# --- Lines from outside


def test_a_diff_knows_a_removed_document_marker_from_a_file_name() -> None:
    diff = "--- a/values.yaml\n+++ b/values.yaml\n@@ -1,2 +1 @@\n---\n a: 1\n+b: 2\n"
    assert [line["kind"] for line in lines.diff_lines(diff)] == ["h", "d", "", "a"]


@pytest.mark.parametrize(
    ("old", "new", "changed"),
    [
        ("  tag: 1.9.O  # see the release", "  tag: 1.9.0  # see the release", ["O", "0"]),
        ("replicaCount: 10", "replicaCount: 100", ["", "0"]),
        ("  aaa: 1", "  bbb: 2", ["", ""]),
    ],
)
def test_a_diff_shows_which_characters_of_a_line_changed(old: str, new: str, changed: list[str]) -> None:
    rows = lines.diff_lines(f"@@ -1 +1 @@\n image:\n-{old}\n+{new}\n")[2:]
    assert [row["changed"] for row in rows] == changed
    assert [row["before"] + row["changed"] + row["after"] for row in rows] == [f"-{old}", f"+{new}"]


def test_lines_are_not_paired_where_more_were_added_than_taken_away() -> None:
    rows = lines.diff_lines("@@ -1 +1,2 @@\n-env: a\n+env: b\n+env: c\n")
    assert [row["changed"] for row in rows] == ["", "", "", ""]


def test_a_stated_level_is_believed_before_a_word_that_merely_occurs() -> None:
    rows = lines.log_lines('{"level":"info","msg":"error budget"}\nlevel=warn slow\nFATAL: heap exhausted\nall good')
    assert [row["level"] for row in rows] == ["", "warning", "error", ""]
    assert [lines.level_of(f'{{"level":{level},"msg":"failed"}}') for level in (30, 40, 50)] == ["", "warning", "error"]


def test_a_log_stays_text_and_is_bounded() -> None:
    log = Template('{% include "components/log.html" with lines=lines only %}')
    shown = log.render(Context({"lines": ["<script>alert(1)</script>", "x" * 9000]}))
    assert "<script>" not in shown
    assert len(shown) < 5000


# --- Forms, addresses, parts


class TagForm(forms.Form):
    image_tag = forms.CharField(help_text="the version to run")


def test_a_refused_field_is_tied_to_its_sentence() -> None:
    bound = TagForm({"image_tag": ""})["image_tag"]
    shown = ui.field(bound, "1.4.2")
    assert 'aria-invalid="true"' in shown
    assert 'aria-describedby="id_image_tag-notes"' in shown
    assert 'id="id_image_tag-notes"' in shown
    assert "This field is required." in shown
    assert "1.4.2" in shown


def test_an_address_keeps_the_state_of_the_list_but_not_its_page() -> None:
    context = Context({"request": RequestFactory().get("/services/", {"q": "led", "status": "Degraded", "page": "3"})})
    assert ui.address_with(context, "status", "") == "/services/?q=led"
    assert ui.address_with(context, "page", 4) == "/services/?q=led&status=Degraded&page=4"
    assert ui.sort_header(context, "name", "Service")["url"] == "?q=led&status=Degraded&sort=name"


@pytest.mark.parametrize(
    ("headers", "part"),
    [
        ({}, False),
        ({"HX-Request": "true"}, True),
        ({"HX-Request": "true", "HX-Boosted": "true"}, False),
        ({"HX-Request": "true", "HX-History-Restore-Request": "true"}, False),
    ],
    ids=["plain", "swap", "boosted", "history"],
)
def test_only_a_swap_gets_the_part(headers: dict[str, str], part: bool) -> None:
    request = RequestFactory().get("/services/", headers=headers)
    request.htmx = HtmxDetails(request)
    assert wants_part(request) is part


def test_pods_beyond_twelve_are_counted_not_drawn() -> None:
    shown = ui.pods([Tone.OK] * 18, 18, 18)
    assert shown.count("<i ") == 12
    assert "+6" in shown
    assert 'aria-label="18 of 18 ready"' in shown


def test_sources_in_one_line_are_as_old_as_the_oldest(noon: datetime) -> None:
    young, old = ({"ok": True, "observed_at": noon - timedelta(seconds=age)} for age in (2, 9))
    assert "9 s ago" in ui.sources_line([young, old])


def test_sources_that_cannot_be_read_are_named_and_counted_when_they_are_many() -> None:
    away = [{"ok": False, "label": label, "observed_at": None} for label in ("Pods", "Events", "Quotas")]
    assert "Pods cannot be read" in ui.sources_line(away[:1])
    assert "Pods and Events cannot be read" in ui.sources_line(away[:2])
    assert "3 of 3 sources cannot be read" in ui.sources_line(away)


def test_pods_that_were_never_read_are_no_zero() -> None:
    assert "Pods cannot be read" in ui.pods(None, None, 2)
    assert ">2 of 2 ready<" in ui.pods(None, 2, 2)
