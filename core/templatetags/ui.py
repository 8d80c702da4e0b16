"""What templates say with one word: badges, icons, times, sizes, form fields.

Loaded into every template (settings, `builtins`). Everything here returns escaped text or safe markup made with
`format_html`; nothing reads the database.
"""

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any

from django import template
from django.forms import BoundField, CheckboxInput
from django.template.loader import render_to_string
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from core import clock
from core.patterns import Pattern
from core.templatetags import lines
from core.text import DAY, HOUR, MINUTE, duration, visible
from core.words import Severity, Tone, Verdict

register = template.Library()
register.filter("diff_lines", lines.diff_lines)
register.filter("log_lines", lines.log_lines)
register.filter("duration", duration)

NOTHING = SafeString('<span class="muted">—</span>')
# So many sources are named in the top bar; more are counted.
MOST_NAMED = 2
BREAKABLE = Pattern(r"(->|[./:@]\b)")


@register.simple_tag
def icon(name: str, label: str = "") -> SafeString:
    """A drawing of the page's sheet of symbols (components/icons.html); with a label where it stands alone."""
    if label:
        return format_html(
            '<svg class="i i-{}" role="img" aria-label="{}"><use href="#i-{}"/></svg>', name, label, name
        )
    return format_html('<svg class="i i-{}" aria-hidden="true"><use href="#i-{}"/></svg>', name, name)


@register.filter(name="visible")
def visible_text(value: Any) -> str:
    """Text from git or the cluster, control and direction characters as their escapes; "" for None."""
    return "" if value is None else visible(str(value))


@register.filter
def badge(word: Any) -> SafeString:
    """A status word (anything with label, tone and icon) as its badge; a plain string stays neutral."""
    tone = str(getattr(word, "tone", "unk"))
    context = {"label": getattr(word, "label", word), "tone": tone, "icon": getattr(word, "icon", "")}
    return SafeString(render_to_string("components/badge.html", context))


@register.filter
def tone_icon(tone: Any) -> str:
    return Tone(str(tone) if str(tone) in set(Tone) else Tone.UNKNOWN).icon


@register.filter
def verdict_tone(verdict: Any) -> str:
    return Verdict(verdict).tone if verdict in set(Verdict) else Tone.UNKNOWN


@register.filter
def severity_tone(severity: Any) -> str:
    return Severity(severity).tone if severity in set(Severity) else Tone.UNKNOWN


@register.filter
def as_words(value: Any) -> str:
    """`could_not_tell` as people write it."""
    return str(value).replace("_", " ").replace("-", " ")


@register.filter
def ago(value: datetime | str | None, style: str = "ago") -> SafeString:
    """A moment as `<time>`: relative text, absolute on hover; kept fresh by static/js/time.js.

    Style `age` leaves out "ago" ("18 min"); `stop` makes it reachable by the keyboard, for its absolute time.
    """
    moment = as_moment(value)
    if moment is None:
        return NOTHING
    stamp = moment.astimezone(UTC)
    text = relative((clock.now() - stamp).total_seconds(), bare=style == "age")
    return format_html(
        '<time datetime="{}" title="{} UTC" data-style="{}"{}>{}</time>',
        stamp.isoformat(timespec="seconds").replace("+00:00", "Z"),
        stamp.strftime("%-d %b %Y %H:%M:%S"),
        "age" if style == "age" else "ago",
        SafeString(' tabindex="0"') if style == "stop" else "",
        text,
    )


def as_moment(value: datetime | str | None) -> datetime | None:
    """Timestamps of findings and objects are strings; a naive one counts as UTC."""
    if isinstance(value, str):
        try:
            value = datetime.fromisoformat(value)
        except ValueError:
            return None
    if not isinstance(value, datetime):
        return None
    return value if value.tzinfo else value.replace(tzinfo=UTC)


def relative(seconds: float, *, bare: bool = False) -> str:
    """`38 s ago`, `18 min ago`, `in 9 min`; whole units, rounded down. The same rule as in static/js/time.js."""
    span = abs(int(seconds))
    for unit, size in (("y", 365 * DAY), ("d", DAY), ("h", HOUR), ("min", MINUTE), ("s", 1)):
        if span >= size or size == 1:
            amount = f"{span // size} {unit}"
            break
    if bare:
        return amount
    return f"{amount} ago" if seconds >= 0 else f"in {amount}"


@register.filter
def clock_time(value: datetime | str) -> str:
    """The time of day of a log line, `12:04:51` in UTC; text that is no moment stays as it is."""
    moment = as_moment(value)
    return moment.astimezone(UTC).strftime("%H:%M:%S") if moment else str(value)


@register.filter(name="bytes")
def bytes_in_words(value: float | str | None) -> str:
    """Bytes in binary units: `512 MiB`, `7.4 GiB`."""
    if value is None or value == "":
        return ""
    amount = float(value)
    for unit in ("B", "KiB", "MiB", "GiB"):
        if abs(amount) < 1024:
            return f"{_short(amount)} {unit}"
        amount /= 1024
    return f"{_short(amount)} TiB"


@register.filter
def cpu(millicores: float | str | None) -> str:
    """Millicores as cores: `0.25 cores`, `1 core`, `2.4 cores`."""
    if millicores is None or millicores == "":
        return ""
    cores = f"{float(millicores) / 1000:.2f}".rstrip("0").rstrip(".")
    return f"{cores} core" if cores == "1" else f"{cores} cores"


def _short(amount: float) -> str:
    return f"{amount:.0f}" if amount >= 100 or amount == int(amount) else f"{amount:.1f}".removesuffix(".0")


@register.filter
def out_of(used: Any, hard: Any) -> str:
    """`2 of 6 cores`: the unit once where both have the same."""
    amount, _, unit = str(used).partition(" ")
    same = unit and str(hard).rpartition(" ")[2].removesuffix("s") == unit.removesuffix("s")
    return f"{amount if same else used} of {hard}"


@register.filter
def bar(value: float | None) -> int:
    """A share as whole percent of an svg bar, kept between 0 and 100."""
    return max(0, min(100, round(float(value or 0))))


@register.filter
def get(mapping: Mapping[str, Any], key: str) -> Any:
    """A key that may be absent, or that a template cannot spell; None where it is not there."""
    return mapping.get(key) if isinstance(mapping, Mapping) else None


@register.filter
def breakable(text: Any) -> SafeString:
    """A long name that breaks behind its dots and slashes rather than within a word, and an arrow that never does."""
    pieces = BREAKABLE.split(visible(str(text)))
    arrow = SafeString('<span class="nowrap">-&gt;</span>')
    # Every second piece is what stands between two others: an arrow, or a mark to break behind.
    marked = (
        (piece, "") if place % 2 == 0 else (arrow, "") if piece == "->" else (piece, SafeString("<wbr>"))
        for place, piece in enumerate(pieces)
    )
    return format_html_join("", "{}{}", marked)


@register.filter
def unconfirmed(checked: Iterable[Mapping[str, Any]] | None) -> list[Mapping[str, Any]]:
    """Checks that did not end in a cause: those stand above as findings already."""
    return [check for check in checked or [] if check["verdict"] != "confirmed"]


@register.filter
def by_origin(evidence: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Evidence grouped by what it was read from, in order: `[{"origin": "Pod api-7c9", "pieces": [...]}]`."""
    groups: list[dict[str, Any]] = []
    for piece in evidence:
        about = piece.get("object")
        origin = f"{about['kind']} {about['name']}" if about else str(piece.get("source", ""))
        if not groups or groups[-1]["origin"] != origin:
            groups.append({"origin": origin, "pieces": []})
        groups[-1]["pieces"].append(piece)
    return groups


@register.filter
def as_list(value: Any) -> list[Any]:
    return [value]


@register.filter
def count_ready(pods: Iterable[Any]) -> int:
    return sum(1 for pod in pods if pod.ready)


@register.filter
def choices(words: str) -> list[tuple[str, str]]:
    """`"|beginning,5m|5 min"` as value and label of a select."""
    return [(value, label) for value, _, label in (word.partition("|") for word in words.split(","))]


@register.simple_tag(takes_context=True)
def address_with(context: template.Context, parameter: str, value: Any) -> str:
    """The address of this page with one parameter changed; the rest of its state stays, the page number does not."""
    request = context["request"]
    query = request.GET.copy()
    query.pop("page", None)
    query.pop(parameter, None)
    if value not in ("", None):
        query[parameter] = value
    return f"{request.path}?{query.urlencode()}" if query else str(request.path)


@register.simple_tag
def pods(tones: Iterable[Any] | None, ready: int | None, wanted: int | None) -> SafeString:
    """Pods at a glance, worst first as the mirror keeps them; more than twelve are counted, not drawn.

    None stands for what cannot be read.
    """
    number = f"{ready} ready" if wanted is None else f"{ready} of {wanted} ready"
    text = "Pods cannot be read" if ready is None else number
    if tones is None:
        return format_html('<span class="muted small">{}</span>', text)
    return SafeString(render_to_string("components/dots.html", {"tones": list(tones), "text": text}))


@register.simple_tag
def sources_line(sources: Iterable[Mapping[str, Any]]) -> SafeString:
    """All sources in one line: the oldest age where all is well, otherwise which cannot be read."""
    known = list(sources)
    broken = [source for source in known if not source["ok"]]
    if broken:
        few = " and ".join(str(source["label"]) for source in broken)
        text = f"{few if len(broken) <= MOST_NAMED else f'{len(broken)} of {len(known)} sources'} cannot be read"
        return format_html('<span class="live tone-warn">{}{}</span>', icon("triangle"), text)
    oldest = min((source["observed_at"] for source in known if source["observed_at"]), default=None)
    return format_html('<span class="live tone-ok">{}<span>all sources {}</span></span>', icon("check"), ago(oldest))


@register.simple_tag
def field(bound: BoundField, example: str = "", kind: str = "", autofocus: bool = False) -> SafeString:
    """A form field with label, help, example and errors, tied together for assistive technology.

    `example` falls back on the form field's own `example` attribute; `kind` is a class for the widget, such as mono.
    """
    example = example or getattr(bound.field, "example", "")
    notes = [bound.help_text or example, *bound.errors]
    attrs: dict[str, Any] = {"class": kind} if kind else {}
    if any(notes):
        attrs["aria-describedby"] = f"{bound.auto_id}-notes"
    if autofocus:
        attrs["autofocus"] = True
    context = {
        "bound": bound,
        "control": bound.as_widget(attrs=attrs),
        "example": example,
        "is_check": isinstance(bound.field.widget, CheckboxInput),
        "has_notes": any(notes),
    }
    return SafeString(render_to_string("components/field.html", context))


@register.inclusion_tag("components/sort_header.html", takes_context=True)
def sort_header(context: template.Context, key: str, label: str, css: str = "") -> dict[str, Any]:
    """A column head that sorts: a link which keeps the rest of the address and returns to the first page.

    `?sort=name` is ascending, `?sort=-name` descending; without `sort` the list is in its own order.
    """
    query = context["request"].GET.copy()
    current = query.get("sort", "")
    query.pop("page", None)
    query["sort"] = f"-{key}" if current == key else key
    direction = {key: "ascending", f"-{key}": "descending"}.get(current, "")
    return {"label": label, "url": f"?{query.urlencode()}", "direction": direction, "css": css}
