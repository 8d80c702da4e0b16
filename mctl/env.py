"""Typed readers of the environment; the only place that touches it.

Every variable is declared once, where `settings/` reads it, with its meaning. `manage.py env` prints them all from
`declared`. A secret may also be given as a file by NAME_FILE.
"""

import ipaddress
import os
from dataclasses import dataclass
from pathlib import Path

# How the key begins that `manage.py` makes up where none is set.
ONE_COMMAND = "one-command-only-"

LONGEST_NAMESPACE = 63
BROKER_SCHEMES = {"redis", "rediss", "unix", "redis+socket"}


class WrongSetting(ValueError):
    """A variable that cannot be read: names the variable, the value and an example."""


@dataclass(frozen=True, slots=True)
class Declared:
    name: str
    meaning: str
    default: str
    value: str
    secret: bool


declared: dict[str, Declared] = {}


def _read(name: str, default: str, meaning: str, *, is_secret: bool = False) -> str:
    value = os.environ.get(name)
    if value is None and is_secret and (file := os.environ.get(f"{name}_FILE")):
        try:
            value = Path(file).read_text().strip()
        except OSError as error:
            raise WrongSetting(f"{name}_FILE={file!r} cannot be read: {error.strerror}.") from error
    chosen = default if value is None else value
    declared[name] = Declared(name, meaning, default, chosen, is_secret)
    return chosen


def text(name: str, default: str = "", *, meaning: str) -> str:
    return _read(name, default, meaning)


def secret(name: str, default: str = "", *, meaning: str) -> str:
    return _read(name, default, meaning, is_secret=True)


def boolean(name: str, default: str, *, meaning: str) -> bool:
    value = _read(name, default, meaning)
    spellings = {"1": True, "true": True, "yes": True, "0": False, "false": False, "no": False, "": False}
    if value.lower() not in spellings:
        raise WrongSetting(f"{name}={value!r} is neither true nor false. Example: {name}=true")
    return spellings[value.lower()]


def integer(name: str, default: str, *, meaning: str, least: int = 0) -> int:
    value = _read(name, default, meaning)
    try:
        number = int(value)
    except ValueError as error:
        raise WrongSetting(f"{name}={value!r} is not a whole number. Example: {name}={default}") from error
    if number < least:
        raise WrongSetting(f"{name}={value!r} is below {least}. Example: {name}={default}")
    return number


def seconds(name: str, default: str, *, meaning: str) -> float:
    value = _read(name, default, f"{meaning} (seconds)")
    try:
        number = float(value)
    except ValueError as error:
        raise WrongSetting(f"{name}={value!r} is not a number of seconds. Example: {name}={default}") from error
    if not 0 <= number < 10**9:
        raise WrongSetting(f"{name}={value!r} is not a number of seconds from 0 up. Example: {name}={default}")
    return number


def words(name: str, default: str = "", *, meaning: str) -> list[str]:
    return [word.strip() for word in _read(name, default, f"{meaning} (comma separated)").split(",") if word.strip()]


def namespace(name: str, default: str, *, meaning: str) -> str:
    value = _read(name, default, meaning)
    is_plain = value.isascii() and value.replace("-", "").isalnum() and value == value.lower()
    if not is_plain or len(value) > LONGEST_NAMESPACE or value != value.strip("-"):
        raise WrongSetting(f"{name}={value!r} is no name of a namespace. Example: {name}={default}")
    return value


def broker(name: str, default: str, *, meaning: str) -> str:
    value = _read(name, default, meaning, is_secret=True)
    scheme, separator, _ = value.partition("://")
    if not separator or scheme not in BROKER_SCHEMES:
        # The address may hold a password, so no more than its scheme is said.
        said = f"begins with {scheme!r}" if separator else "has no scheme"
        raise WrongSetting(f"{name} {said}, and must name a Redis. Example: {name}={default}")
    return value


def networks(name: str, default: str = "", *, meaning: str) -> list[str]:
    found = words(name, default, meaning=meaning)
    for word in found:
        try:
            ipaddress.ip_network(word, strict=False)
        except ValueError as error:
            raise WrongSetting(f"{name}: {word!r} is no address or network. Example: {name}=10.0.0.0/8") from error
    return found
