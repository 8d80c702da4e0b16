"""The grammars of names, labels and keys, with the sentences that refuse what is outside them."""

import ipaddress
import re
from collections.abc import Callable
from typing import Any

from sandbox.kubeapi.errors import Cause, invalid_value

Grammar = Callable[[str], list[str]]

_LABEL = "[a-z0-9]([-a-z0-9]*[a-z0-9])?"
_SUBDOMAIN = rf"{_LABEL}(\.{_LABEL})*"
_QUALIFIED = "([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]"
_LABEL_VALUE = "(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?"
_KEY = "[-._a-zA-Z0-9]+"

_label = re.compile(_LABEL)
_subdomain = re.compile(_SUBDOMAIN)
_wildcard = re.compile(rf"\*\.{_SUBDOMAIN}")
_qualified = re.compile(_QUALIFIED)
_label_value = re.compile(_LABEL_VALUE)
_key = re.compile(_KEY)
_port_name = re.compile("[-a-z0-9]+")
_percent = re.compile("[0-9]+%")

LABEL_REFUSAL = (
    "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end "
    f"with an alphanumeric character (e.g. 'my-name',  or '123-abc', regex used for validation is '{_LABEL}')"
)
SUBDOMAIN_REFUSAL = (
    "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start "
    f"and end with an alphanumeric character (e.g. 'example.com', regex used for validation is '{_SUBDOMAIN}')"
)
_WILDCARD_REFUSAL = (
    "a wildcard DNS-1123 subdomain must start with '*.', followed by a valid DNS subdomain, which must consist of "
    "lower case alphanumeric characters, '-' or '.' and end with an alphanumeric character (e.g. '*.example.com', "
    rf"regex used for validation is '\*\.{_SUBDOMAIN}')"
)
_QUALIFIED_REFUSAL = (
    "name part must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric "
    f"character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is '{_QUALIFIED}')"
)
_QUALIFIED_SHAPE = (
    "a valid label key must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an "
    "alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is "
    f"'{_QUALIFIED}') with an optional DNS subdomain prefix and '/' (e.g. 'example.com/MyName')"
)
_LABEL_VALUE_REFUSAL = (
    "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must start and "
    "end with an alphanumeric character (e.g. 'MyValue',  or 'my_value',  or '12345', regex used for validation is "
    f"'{_LABEL_VALUE}')"
)
_KEY_REFUSAL = (
    "a valid config key must consist of alphanumeric characters, '-', '_' or '.' (e.g. 'key.name',  or 'KEY_NAME',  "
    f"or 'key-name', regex used for validation is '{_KEY}')"
)


def _too_long(value: str, longest: int, unit: str = "characters") -> list[str]:
    return [f"must be no more than {longest} {unit}"] if len(value.encode()) > longest else []


def _shaped(value: str, shape: re.Pattern[str], refusal: str) -> list[str]:
    return [] if shape.fullmatch(value) else [refusal]


def label(value: str) -> list[str]:
    refusal = "must not contain dots" if _subdomain.fullmatch(value) else LABEL_REFUSAL
    return _too_long(value, 63) + _shaped(value, _label, refusal)


def subdomain(value: str) -> list[str]:
    return _too_long(value, 253) + _shaped(value, _subdomain, SUBDOMAIN_REFUSAL)


def wildcard_subdomain(value: str) -> list[str]:
    return _too_long(value, 253) + _shaped(value, _wildcard, _WILDCARD_REFUSAL)


def label_value(value: str) -> list[str]:
    return _too_long(value, 63, "bytes") + _shaped(value, _label_value, _LABEL_VALUE_REFUSAL)


def qualified_name(value: str) -> list[str]:
    """A name with an optional domain before it: keys of labels, finalizers, resources."""
    prefix, slash, name = value.rpartition("/")
    if "/" in prefix:
        return [_QUALIFIED_SHAPE]
    told = []
    if slash:
        told = [f"prefix part {one}" for one in subdomain(prefix)] if prefix else ["prefix part must be non-empty"]
    if not name:
        return [*told, "name part must be non-empty", _QUALIFIED_REFUSAL]
    told += [f"name part {one}" for one in _too_long(name, 63, "bytes")]
    return told + _shaped(name, _qualified, _QUALIFIED_REFUSAL)


def config_key(value: str) -> list[str]:
    told = _too_long(value, 253) + _shaped(value, _key, _KEY_REFUSAL)
    if value in (".", ".."):
        return [*told, f"must not be '{value}'"]
    return [*told, "must not start with '..'"] if value.startswith("..") else told


def environment_name(value: str) -> list[str]:
    """Since 1.34 any printable ASCII character but '='."""
    if value and all(" " <= character <= "~" and character != "=" for character in value):
        return []
    why = "a valid environment variable name must consist only of printable ASCII characters other than '='"
    return [why] if value else ["environment variable name must be non-empty", why]


def port_name(value: str) -> list[str]:
    told = []
    if len(value) > 15:
        told.append("must be no more than 15 characters")
    if not _port_name.fullmatch(value):
        told.append("must contain only alpha-numeric characters (a-z, 0-9), and hyphens (-)")
    if not any("a" <= character <= "z" for character in value):
        told.append("must contain at least one letter (a-z)")
    if "--" in value:
        told.append("must not contain consecutive hyphens")
    if value[:1] == "-" or value[-1:] == "-":
        told.append("must not begin or end with a hyphen")
    return told


def port_number(value: int) -> list[str]:
    return [] if 0 < value < 65536 else ["must be between 1 and 65535, inclusive"]


def port(value: Any) -> list[str]:
    return port_name(value) if isinstance(value, str) else port_number(value)


def percent(value: str) -> list[str]:
    shape = "a valid percent string must be a numeric string followed by an ending '%' (e.g. '1%',  or '93%', "
    return [] if _percent.fullmatch(value) else [f"{shape}regex used for validation is '[0-9]+%')"]


def address(value: str) -> list[str]:
    try:
        ipaddress.ip_address(value)
    except ValueError:
        return ["must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)"]
    return []


def refuse(field: str, value: Any, grammar: Grammar) -> list[Cause]:
    return [invalid_value(field, value, told) for told in grammar(value)]
