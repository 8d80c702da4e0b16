"""Kubernetes quantities as numbers and as words (resource.Quantity of apimachinery: 500m, 256Mi, 4)."""

from decimal import Decimal, InvalidOperation

from core.patterns import Pattern

# The API server's quantities fit into 64 bits; 1e999999999 would be a number of a gigabyte.
QUANTITY = Pattern(r"([+-]?[0-9.]{1,40}(?:[eE][+-]?[0-9]{1,2})?)(n|u|m|k|M|G|T|P|E|Ki|Mi|Gi|Ti|Pi|Ei)?")
SCALE = {
    None: Decimal(1), "n": Decimal("1e-9"), "u": Decimal("1e-6"), "m": Decimal("1e-3"),
    "k": Decimal(10**3), "M": Decimal(10**6), "G": Decimal(10**9), "T": Decimal(10**12), "P": Decimal(10**15),
    "E": Decimal(10**18), "Ki": Decimal(2**10), "Mi": Decimal(2**20), "Gi": Decimal(2**30), "Ti": Decimal(2**40),
    "Pi": Decimal(2**50), "Ei": Decimal(2**60),
}  # fmt: skip
BINARY_UNITS = (("TiB", 2**40), ("GiB", 2**30), ("MiB", 2**20), ("KiB", 2**10))


def amount(quantity: object) -> Decimal:
    """The quantity in its base unit: cores, bytes or a count. Raises ValueError for what is none."""
    found = QUANTITY.fullmatch(str(quantity).strip())
    if not found:
        raise ValueError(f"{quantity!r} is no Kubernetes quantity. Example: 256Mi")
    try:
        return Decimal(found.group(1)) * SCALE[found.group(2)]
    except InvalidOperation as error:
        raise ValueError(f"{quantity!r} is no Kubernetes quantity. Example: 256Mi") from error


def in_words(resource: str, value: Decimal) -> str:
    """ "2.4 cores", "7.4 GiB", "17": by what the resource counts."""
    if "cpu" in resource:
        return f"{short(value)} {'core' if value == 1 else 'cores'}"
    if "memory" in resource or "storage" in resource:
        for unit, size in BINARY_UNITS:
            if value >= size:
                return f"{short(value / size)} {unit}"
        return f"{short(value)} B"
    return short(value)


def short(value: Decimal) -> str:
    """At most two digits behind the point, none where they are zero."""
    text = f"{value:.2f}".rstrip("0").rstrip(".")
    return text or "0"
