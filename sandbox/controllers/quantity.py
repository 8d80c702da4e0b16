"""Kubernetes quantities: `250m`, `128Mi`, `1.5`, `2G`."""

from fractions import Fraction
from typing import Any

SUFFIXES = {
    "n": Fraction(1, 10**9),
    "u": Fraction(1, 10**6),
    "m": Fraction(1, 1000),
    "k": Fraction(10**3),
    "M": Fraction(10**6),
    "G": Fraction(10**9),
    "T": Fraction(10**12),
    "Ki": Fraction(2**10),
    "Mi": Fraction(2**20),
    "Gi": Fraction(2**30),
    "Ti": Fraction(2**40),
}
MIB = 2**20


def parse(text: str | int | float) -> Fraction:
    """The number a quantity stands for. Raises ValueError for anything that is none."""
    word = str(text).strip()
    for suffix in sorted(SUFFIXES, key=len, reverse=True):
        if word.endswith(suffix):
            return Fraction(word[: -len(suffix)]) * SUFFIXES[suffix]
    return Fraction(word)


def millicores(text: str | int | float) -> int:
    return int(parse(text) * 1000)


def mebibytes(text: str | int | float) -> int:
    return int(parse(text) / MIB)


def container_limit_mib(container: dict[str, Any]) -> int | None:
    """The memory limit of a container in MiB; None where it may take what it likes."""
    limit = ((container.get("resources") or {}).get("limits") or {}).get("memory")
    return None if limit is None else mebibytes(limit)


def pod_requests(spec: dict[str, Any]) -> tuple[int, int]:
    """What a pod asks of its node: (millicores, MiB); the largest init container counts where it asks for more."""

    def asked(container: dict[str, Any]) -> tuple[int, int]:
        wanted = (container.get("resources") or {}).get("requests") or {}
        return millicores(wanted.get("cpu", 0)), mebibytes(wanted.get("memory", 0))

    together = [asked(container) for container in spec.get("containers") or []]
    first = [asked(container) for container in spec.get("initContainers") or []]
    cpu = max([sum(one[0] for one in together), *(one[0] for one in first)])
    memory = max([sum(one[1] for one in together), *(one[1] for one in first)])
    return cpu, memory
