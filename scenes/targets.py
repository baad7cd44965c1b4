"""Where finished files go: known to be writable before any training, filled only when whole.

Films are made in a hidden folder beside their target, which belongs to one run. So whatever happens
to a worker, what it leaves behind is removed with that folder, and a target is either the old file
or the new one.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

from epochreel.nn.errors import OutputError, SceneError
from epochreel.scenes.messages import printable

__all__ = ["Targets"]


@dataclass
class Targets:
    """The files of one run; a context manager that puts away what is unfinished.

    Parameters
    ----------
    folder : Path
        The output folder; nothing is written outside of it.
    """

    folder: Path
    _hidden: dict[Path, Path] = field(default_factory=dict[Path, Path])

    def __enter__(self) -> Targets:
        """Start with no hidden folder."""
        return self

    def __exit__(self, *failure: object) -> None:
        """Put away what is unfinished."""
        self.clear()

    def clear(self) -> None:
        """Remove the hidden folders and what is left in them."""
        for hidden in self._hidden.values():
            shutil.rmtree(hidden, ignore_errors=True)
        self._hidden.clear()

    def reserve(self, names: list[PurePosixPath]) -> None:
        """Make the folders of all files and check that they can be written to.

        Raises
        ------
        SceneError
            With a line for each file that can't be written.
        """
        problems: list[str] = []
        for name in names:
            target = self.folder / name
            reason = self._refuse(target)
            if reason:
                problems.append(f"{printable(str(target))}: can't be written: {reason}")
        if problems:
            raise SceneError(*dict.fromkeys(problems))

    def partial(self, name: PurePosixPath) -> Path:
        """Give the path under which a reserved file is to be made."""
        target = self.folder / name
        return self._hidden[target.parent] / target.name

    def finish(self, name: PurePosixPath) -> Path:
        """Move a file that is whole to where it belongs.

        Returns
        -------
        Path
            Its final place.
        """
        target = self.folder / name
        try:
            os.replace(self.partial(name), target)
        except OSError as error:
            raise OutputError(f"{target}: can't be written: {_words(error)}") from error
        return target

    def _refuse(self, target: Path) -> str | None:
        parent = target.parent
        try:
            parent.mkdir(parents=True, exist_ok=True)
            # a link in the output folder may lead a name out of it
            if not parent.resolve().is_relative_to(self.folder.resolve()):
                return "its folder is a link that leads out of the output folder"
            if parent not in self._hidden:
                self._hidden[parent] = Path(tempfile.mkdtemp(prefix=".epochreel-", dir=parent))
        except (OSError, ValueError) as error:
            return _words(error)
        return "there is a folder of this name" if target.is_dir() else None


def _words(error: OSError | ValueError) -> str:
    if isinstance(error, FileExistsError | NotADirectoryError):
        return "a part of its path is a file, not a folder"
    reason = error.strerror if isinstance(error, OSError) else None
    return (reason or "not a file name").lower()
