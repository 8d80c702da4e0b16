"""Schedules of cron jobs, by the grammar of the library the real server uses (robfig/cron)."""

from sandbox.kubeapi.errors import Cause, invalid_value

_FIELDS = (("minute", 0, 59), ("hour", 0, 23), ("day of month", 1, 31), ("month", 1, 12), ("day of week", 0, 6))
_DESCRIPTORS = ("@yearly", "@annually", "@monthly", "@weekly", "@daily", "@midnight", "@hourly")
_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_DAYS = ("sun", "mon", "tue", "wed", "thu", "fri", "sat")
_NAMES = {"month": {name: at + 1 for at, name in enumerate(_MONTHS)},
          "day of week": {name: at for at, name in enumerate(_DAYS)}}  # fmt: skip


def check_schedule(schedule: str, field: str) -> list[Cause]:
    causes = []
    if "TZ" in schedule:
        why = "cannot use TZ or CRON_TZ in schedule, use timeZone field instead"
        causes.append(invalid_value(field, schedule, why))
        schedule = schedule.partition(" ")[2].strip()
    told = _refusal(schedule)
    return [invalid_value(field, schedule, told), *causes] if told else causes


def _refusal(schedule: str) -> str:
    if schedule.startswith("@"):
        known = schedule in _DESCRIPTORS or schedule.startswith("@every ")
        return "" if known else f"unrecognized descriptor: {schedule}"
    parts = schedule.split()
    if len(parts) != len(_FIELDS):
        return f"expected exactly 5 fields, found {len(parts)}: {_go_list(parts)}"
    for part, (name, low, high) in zip(parts, _FIELDS, strict=True):
        for one in part.split(","):
            if told := _wrong_range(one, name, low, high):
                return told
    return ""


def _go_list(parts: list[str]) -> str:
    return f"[{' '.join(parts)}]"


def _wrong_range(text: str, name: str, low: int, high: int) -> str:
    span, *steps = text.split("/")
    if len(steps) > 1:
        return f"too many slashes: {text}"
    start, *ends = span.split("-")
    if len(ends) > 1:
        return f"too many hyphens: {text}"
    if start in ("*", "?"):
        first, last = low, high
    else:
        values = [_number(one, name) for one in (start, *ends)]
        wrong = next((one for one, value in zip((start, *ends), values, strict=True) if value is None), None)
        if wrong is not None:
            return f'failed to parse int from {wrong}: strconv.Atoi: parsing "{wrong}": invalid syntax'
        first, last = values[0] or 0, values[-1] or 0
        last = high if steps and not ends else last
    if steps and (not steps[0].isdecimal()):
        return f'failed to parse int from {steps[0]}: strconv.Atoi: parsing "{steps[0]}": invalid syntax'
    if first < low:
        return f"beginning of range ({first}) below minimum ({low}): {text}"
    if last > high:
        return f"end of range ({last}) above maximum ({high}): {text}"
    if first > last:
        return f"beginning of range ({first}) beyond end of range ({last}): {text}"
    return f"step of range should be a positive number: {text}" if steps and int(steps[0]) == 0 else ""


def _number(text: str, name: str) -> int | None:
    known = _NAMES.get(name, {}).get(text.lower())
    if known is not None:
        return known
    return int(text) if text.isdecimal() else None
