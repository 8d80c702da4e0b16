"""A slot: what an app hands to one below it. Declared below with its type, filled above, in `apps.py`, at start."""

from typing import Generic, TypeVar

Value = TypeVar("Value")


class Slot(Generic[Value]):
    """`value` is what was handed in; `otherwise` until then. Raises ValueError when two apps fill it."""

    def __init__(self, name: str, otherwise: Value) -> None:
        self.name = name
        self.value = otherwise
        self._is_filled = False

    def fill(self, value: Value) -> None:
        if self._is_filled and value != self.value:
            raise ValueError(f"The slot {self.name} is filled twice.")
        self.value, self._is_filled = value, True
