"""REST: what can be done, doing it, and following it."""

from operations.api.catalogue import router as catalogue
from operations.api.runs import router as runs

__all__ = ["catalogue", "runs"]
