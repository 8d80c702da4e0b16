"""Style sheets and scripts as pages serve them in production: copies that `manage.py collectstatic` makes."""

from collections.abc import Iterator
from typing import Any

from django.contrib.staticfiles.finders import get_finders
from django.contrib.staticfiles.storage import ManifestFilesMixin, staticfiles_storage
from django.core import checks

COLLECT = "python manage.py collectstatic --noinput"


def uncollected_files() -> list[str]:
    """Files of this version that have no copy, or an older one. Empty in debug, where the sources are served."""
    if not isinstance(staticfiles_storage, ManifestFilesMixin):
        return []
    return sorted({path for path, content in source_files() if not has_copy(path, content)})


def source_files() -> Iterator[tuple[str, bytes]]:
    """As collectstatic sees them: of two files with one path the first counts."""
    seen = set()
    for finder in get_finders():
        for path, storage in finder.list([]):
            if path not in seen:
                seen.add(path)
                with storage.open(path) as file:
                    yield path, file.read()


def has_copy(path: str, content: bytes) -> bool:
    try:
        is_there = staticfiles_storage.exists(staticfiles_storage.stored_name(path))
    except ValueError:
        # The manifest does not name it; without a manifest it names nothing.
        return False
    if not is_there or not staticfiles_storage.exists(path):
        return False
    with staticfiles_storage.open(path) as copy:
        return bool(copy.read() == content)


def check_static_files(app_configs: Any, **kwargs: Any) -> list[checks.CheckMessage]:
    """For `manage.py check --deploy`."""
    lacking = uncollected_files()
    if not lacking:
        return []
    said = f"{len(lacking)} static files are not collected, such as {lacking[0]}."
    return [checks.Error(said, hint=f"Run: {COLLECT}", id="mctl.E005")]
