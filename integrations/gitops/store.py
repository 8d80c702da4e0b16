"""The folder of the local bare clone: opened, looked over, and made again from the remote where it is damaged.

Everything in it can be fetched again, so nothing is mended in place. Commits that were made but not pushed are lost.
"""

import errno
import os
import secrets
import shutil
import threading
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pygit2

from integrations.errors import Refused, Unreachable

# Every call looks at the loose objects first, which takes about 1 ms for this many.
MOST_LOOSE_OBJECTS = 100
# A new clone would meet the same: no space, no rights, no more open files.
OF_THE_MACHINE = frozenset(
    {errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EACCES, errno.EPERM, errno.EMFILE, errno.ENFILE}
)


class DamagedClone(Unreachable):
    """An object, a reference or a lock file is in the way of reading or writing the clone."""

    def __init__(self, detail: str) -> None:
        super().__init__(
            "gitops",
            "MCTL cannot read its local copy of the GitOps repository.",
            remedy="Check the disk that holds MCTL_VAR_DIR; git itself lost nothing.",
            detail=detail,
        )


@contextmanager
def intact() -> Iterator[None]:
    """Around work on the local clone alone: a failure there means damage, unless the machine is at fault."""
    try:
        yield
    except OSError as error:
        if error.errno in OF_THE_MACHINE:
            sentence = f"MCTL cannot use the folder of its copy of the GitOps repository: {error.strerror}."
            raise Unreachable("gitops", sentence, remedy="Mend that where MCTL_VAR_DIR lies.") from error
        raise DamagedClone(str(error)) from error
    except (pygit2.GitError, KeyError) as error:
        if "failed to parse" in str(error) and "config" not in str(error):
            raise Refused(
                "gitops",
                "The repository holds a commit or folder that is not written as git writes it.",
                remedy="Run git fsck on the server, and replace what it names.",
                detail=str(error),
            ) from error
        raise DamagedClone(str(error)) from error


class Store:
    """`{name}.current` is a link to the folder in use, so that a new folder takes over in one step.

    Processes that still have the old folder open find the new one at their next call.
    """

    def __init__(self, folder: Path, name: str) -> None:
        self.folder, self.name = folder, name
        self.link = folder / f"{name}.current"
        self._local = threading.local()
        # Path -> (size, time of change) of the loose objects that were found whole.
        self._whole: dict[str, tuple[int, int]] = {}

    def in_use(self) -> str:
        """The name of the folder in use; "" before there is one."""
        try:
            return str(self.link.readlink())
        except OSError:
            return ""

    def repository(self) -> pygit2.Repository:
        """One per thread: libgit2's objects are not to be shared."""
        with intact():
            name = self.in_use() or self._first()
            if not (self.folder / name).is_dir():
                raise DamagedClone("its folder is gone")
            if getattr(self._local, "name", "") != name:
                self._local.repository = pygit2.Repository(str(self.folder / name))
                self._local.name = name
        found: pygit2.Repository = self._local.repository
        return found

    def _first(self) -> str:
        made = self._new_folder()
        try:
            self.link.symlink_to(made.name)
        except FileExistsError:
            # Another process was faster.
            shutil.rmtree(made)
        return self.in_use()

    def _new_folder(self) -> Path:
        self.folder.mkdir(parents=True, exist_ok=True)
        made = self.folder / f"{self.name}.{secrets.token_hex(4)}.git"
        pygit2.init_repository(str(made), bare=True)
        return made

    @intact()
    def replace(self, fill: Callable[[pygit2.Repository], None]) -> None:
        """A new folder, filled from the remote, takes over. The caller holds the lock of the clone."""
        made = self._new_folder()
        try:
            fill(pygit2.Repository(str(made)))
        except BaseException:
            shutil.rmtree(made, ignore_errors=True)
            raise
        following = self.folder / f"{self.name}.next"
        following.unlink(missing_ok=True)
        following.symlink_to(made.name)
        following.replace(self.link)
        for other in self.folder.glob(f"{self.name}.*git"):
            if other != made:
                shutil.rmtree(other, ignore_errors=True)

    # --- objects that are a file each

    @intact()
    def look_over(self) -> None:
        """Raises DamagedClone for a loose object whose file ends too early: libgit2 would read it without end."""
        seen: dict[str, tuple[int, int]] = {}
        for file in self._loose_objects():
            try:
                stat = file.stat()
                seen[file.path] = (stat.st_size, stat.st_mtime_ns)
                if self._whole.get(file.path) != seen[file.path] and not _is_whole(Path(file.path)):
                    raise DamagedClone(f"{file.name} ends too early")
            except FileNotFoundError:
                # Another process has packed it.
                continue
        self._whole = seen

    def pack(self) -> None:
        """Puts the loose objects into one file where there are many. The caller holds the lock of the clone."""
        files = list(self._loose_objects())
        if len(files) <= MOST_LOOSE_OBJECTS:
            return
        with intact():
            repository = self.repository()
            builder = pygit2.PackBuilder(repository)
            for file in files:
                builder.add(pygit2.Oid(hex=Path(file.path).parent.name + file.name))
            builder.write()
            for file in files:
                Path(file.path).unlink()

    def _loose_objects(self) -> Iterator["os.DirEntry[str]"]:
        try:
            folders = [found for found in os.scandir(self.folder / self.in_use() / "objects") if len(found.name) == 2]
        except FileNotFoundError:
            return
        for folder in folders:
            yield from (file for file in os.scandir(folder.path) if len(file.name) == 38)


def _is_whole(file: Path) -> bool:
    stream = zlib.decompressobj()
    try:
        stream.decompress(file.read_bytes())
    except zlib.error:
        return False
    return stream.eof
