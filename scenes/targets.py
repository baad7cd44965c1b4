"""Where finished files go: known to be writable before any training, filled only when whole.

Films are made in a hidden folder beside their target, which belongs to one run. So whatever happens
to a worker, what it leaves behind is removed with that folder, and a target is either the old file
or the new one; when the whole run is killed, the next one removes it. The same holds for a folder
of frames; an old one that holds anything else is refused.
"""

from __future__ import annotations

import os
import re
import shutil
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

from epochreel.nn.errors import OutputError, SceneError
from epochreel.render.writers.atomic import sync
from epochreel.render.writers.folders import is_folder, refuse_folder, replace_folder
from epochreel.scenes.filenames import shown_path
from epochreel.scenes.messages import printable
from epochreel.scenes.scratch import Scratch, sweep

__all__ = ["Targets", "refuse_output", "stored_bytes"]

_IS_FILE = "a part of its path is a file, not a folder"


@dataclass
class Targets:
    """The files of one run; a context manager that puts away what is unfinished.

    Parameters
    ----------
    folder : Path
        The output folder; nothing is written outside of it.
    """

    folder: Path
    _hidden: dict[Path, Scratch] = field(default_factory=dict[Path, Scratch])

    def __enter__(self) -> Targets:
        """Start with no hidden folder."""
        return self

    def __exit__(self, *failure: object) -> None:
        """Put away what is unfinished."""
        self.clear()

    def clear(self) -> None:
        """Remove the hidden folders and what is left in them."""
        for hidden in self._hidden.values():
            hidden.remove()
        self._hidden.clear()

    def reserve(self, names: list[PurePosixPath]) -> None:
        """Make the folders of all files and check that they can be written to.

        Raises
        ------
        SceneError
            With a line for each file that can't be written.
        """
        problems: list[str] = []
        folders = {name for name in names if is_folder(name)}
        for name in names:
            target = self.folder / name
            inside = folders.intersection(name.parents)
            reason = (
                f"it would be in {shown_path(inside.pop())}, a folder of frames"
                if inside
                else self._refuse(target)
            )
            if reason:
                problems.append(f"{printable(shown_path(target))}: can't be written: {reason}")
        if problems:
            raise SceneError(*dict.fromkeys(problems))

    def partial(self, name: PurePosixPath) -> Path:
        """Give the path under which a reserved file is to be made."""
        target = self.folder / name
        return self._hidden[target.parent].path / target.name

    def discard(self, name: PurePosixPath) -> None:
        """Remove what there is of a file that won't be made: a long batch may need the room."""
        partial = self.partial(name)
        # whole, or in parts, or under the name by which writers go
        mine = re.compile(rf"\.?{re.escape(partial.name)}(\.part\d+)?(\.partial)?")
        with suppress(OSError):  # somebody may have removed the folder
            for path in partial.parent.iterdir():
                if mine.fullmatch(path.name):
                    with suppress(OSError):  # a worker may be at it yet
                        shutil.rmtree(path) if path.is_dir() else path.unlink()

    def finish(self, name: PurePosixPath) -> Path:
        """Move a file that is whole to where it belongs.

        Returns
        -------
        Path
            Its final place.
        """
        target = self.folder / name
        try:
            if is_folder(name):
                replace_folder(self.partial(name), target)
            else:
                os.replace(self.partial(name), target)
            with suppress(OSError):  # not all file systems can
                sync(target.parent)
        except OSError as error:
            raise OutputError(f"{shown_path(target)}: can't be written: {_words(error)}") from error
        return target

    def _refuse(self, target: Path) -> str | None:
        parent = target.parent
        try:
            parent.mkdir(parents=True, exist_ok=True)
            # a link in the output folder may lead a name out of it
            if not parent.resolve().is_relative_to(self.folder.resolve()):
                return "its folder is a link that leads out of the output folder"
            if parent not in self._hidden:
                sweep([parent])
                self._hidden[parent] = Scratch(parent)
            if is_folder(target):
                return refuse_folder(target)
        except (OSError, ValueError) as error:
            return _words(error)
        return "there is a folder of this name" if target.is_dir() else None


def refuse_output(folder: Path) -> None:
    """Refuse an output folder that can't be one, without making it.

    Raises
    ------
    SceneError
    """
    there = next((path for path in (folder, *folder.parents) if path.exists()), folder)
    if not there.is_dir():
        raise SceneError(f"{printable(str(folder))}: can't be written: {_IS_FILE}")


def stored_bytes(path: Path) -> int:
    """Count the bytes of a finished file, or of a folder's files, linked ones once.

    Raises
    ------
    OutputError
        When it is gone.
    """
    try:
        files = path.iterdir() if path.is_dir() else [path]
        stats = [file.stat() for file in files]
    except OSError as error:
        raise OutputError(f"{shown_path(path)}: can't be read: {_words(error)}") from error
    return sum({(stat.st_dev, stat.st_ino): stat.st_size for stat in stats}.values())


def _words(error: OSError | ValueError) -> str:
    if isinstance(error, FileExistsError | NotADirectoryError):
        return _IS_FILE
    reason = error.strerror if isinstance(error, OSError) else None
    if (
        isinstance(error, OSError) and reason and not error.errno
    ):  # words of our own, which may name a file
        return reason
    return (reason or "not a file name").lower()
