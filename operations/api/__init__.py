"""REST: what can be done, doing it, and following it."""

from ninja import Router

from operations.api.catalogue import router as catalogue
from operations.api.runs import router as runs

router = Router()
# Runs come first: their addresses would read as those of an operation of that name.
router.add_router("", runs)
router.add_router("/operations", catalogue)

__all__ = ["router"]
