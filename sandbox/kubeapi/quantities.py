"""Kubernetes quantities ("500m", "1Gi", 2): exact values and the canonical spelling the API server stores."""

import re
from fractions import Fraction
from functools import lru_cache
from typing import Any

BINARY = {"Ki": 2**10, "Mi": 2**20, "Gi": 2**30, "Ti": 2**40, "Pi": 2**50, "Ei": 2**60}
DECIMAL = {
    "n": Fraction(1, 10**9),
    "u": Fraction(1, 10**6),
    "m": Fraction(1, 1000),
    "": Fraction(1),
    "k": Fraction(10**3),
    "M": Fraction(10**6),
    "G": Fraction(10**9),
    "T": Fraction(10**12),
    "P": Fraction(10**15),
    "E": Fraction(10**18),
}
_SHAPE = re.compile(r"([+-]?(?:\d+\.?\d*|\.\d+))(Ki|Mi|Gi|Ti|Pi|Ei|n|u|m|k|M|G|T|P|E|[eE][+-]?\d+)?")
PATTERN_REFUSAL = "quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'"


@lru_cache(maxsize=4096)
def _split(text: str) -> tuple[Fraction, str]:
    matched = _SHAPE.fullmatch(text)
    if not matched:
        raise ValueError(PATTERN_REFUSAL)
    number, suffix = Fraction(matched[1]), matched[2] or ""
    if suffix in BINARY:
        return number * BINARY[suffix], "binary"
    if suffix in DECIMAL:
        return number * DECIMAL[suffix], "decimal"
    return number * Fraction(10) ** int(suffix[1:]), "decimal"


def parse(value: Any) -> Fraction:
    """The exact value. Raises ValueError for what is not a quantity."""
    return _split(str(value))[0]


def family(value: Any) -> str:
    """ "binary" for Ki, Mi, ...; otherwise "decimal"."""
    return _split(str(value))[1]


def spell(value: Fraction, suffixes: str = "decimal") -> str:
    """The canonical spelling: the largest suffix that leaves a whole number."""
    if value == 0:
        return "0"
    if suffixes == "binary" and value.denominator == 1 and abs(value) >= 1024:
        for suffix, size in reversed(BINARY.items()):
            if value % size == 0:
                return f"{value // size}{suffix}"
        return str(value.numerator)
    if suffixes == "binary" and value.denominator == 1:
        return str(value.numerator)
    for suffix, factor in reversed(DECIMAL.items()):
        if (value / factor).denominator == 1:
            return f"{(value / factor).numerator}{suffix}"
    return f"{-(-value // DECIMAL['n'])}n"


@lru_cache(maxsize=4096)
def _canonical(text: str) -> str:
    number, suffixes = _split(text)
    return spell(number, suffixes)


def canonical(value: Any) -> str:
    """As the server stores it: 0.5 -> "500m", 1024Mi -> "1Gi". Raises ValueError."""
    return _canonical(str(value))
