"""From arguments to scenes: find files, read them, and collect all that is wrong with them."""

from __future__ import annotations

import re
import stat
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from epochreel.nn.errors import SceneError
from epochreel.scenes import limits
from epochreel.scenes.library import ready_made
from epochreel.scenes.locating import line_of, locate_keys
from epochreel.scenes.messages import Path as KeyPath
from epochreel.scenes.messages import did_you_mean, dotted, printable
from epochreel.scenes.problems import Problem, problems_of
from epochreel.scenes.schema import Scene

__all__ = ["SceneFile", "find_scene", "parse_scene", "read_scene"]

_PLACE = re.compile(r" \(at (?:line (\d+), column (\d+)|end of document)\)$")
_KEY_TUPLE = re.compile(r"\(((?:'[^']*'(?:, )?)+),?\)")


@dataclass(frozen=True)
class SceneFile:
    """A scene, and where it came from.

    Attributes
    ----------
    path : Path
    shown : str
        What messages call the file: the argument it was found by.
    scene : Scene
    lines : mapping
        Line of each key, for messages.
    """

    path: Path
    shown: str
    scene: Scene
    lines: Mapping[KeyPath, int] = field(default_factory=dict[KeyPath, int], repr=False)

    @property
    def name(self) -> str:
        """The file's name without its suffix."""
        return self.path.stem

    def refuse(self, problems: Iterable[Problem]) -> SceneError:
        """Make the error that says what is wrong with this scene."""
        return SceneError(*_worded(self.shown, self.lines, problems))


def read_scene(argument: str) -> SceneFile:
    """Find, read and validate one scene.

    Parameters
    ----------
    argument : str
        Path of a scene file, or the name of a ready-made scene.

    Returns
    -------
    SceneFile

    Raises
    ------
    SceneError
        With all problems of the file.
    """
    path = find_scene(argument)
    return parse_scene(_read_text(path, argument), path=path, shown=argument)


def find_scene(argument: str) -> Path:
    """Find a scene file by its path, or by the name of a ready-made scene.

    Raises
    ------
    SceneError
        When there is neither; it says which name is nearest.
    """
    path = Path(argument)
    ready = ready_made()
    try:
        if path.is_file() or (argument not in ready and path.exists()):
            return path
        if argument in ready:
            return ready[argument]
        beside = [entry.name for entry in path.parent.glob("*.toml")]
    except (OSError, ValueError):  # a name too long for the system, or with a NUL
        beside = []
    looks_like_path = path.suffix.lower() == ".toml" or len(path.parts) > 1
    if looks_like_path:
        hint = did_you_mean(path.name, beside) or did_you_mean(path.stem, ready)
        raise _unreadable(argument, f"no such file{hint}")
    hint = did_you_mean(argument, ready) or did_you_mean(f"{argument}.toml", beside)
    raise _unreadable(
        argument, f"no such file or ready-made scene{hint} (ready-made: {', '.join(ready)})"
    )


def parse_scene(text: str, *, path: Path, shown: str | None = None) -> SceneFile:
    """Validate the text of a scene file.

    Parameters
    ----------
    text : str
        TOML.
    path : Path
        Its name gives the default output's, its folder is where relative paths start. It is not
        read.
    shown : str, optional
        What messages call the file; `path` when left out.

    Returns
    -------
    SceneFile

    Raises
    ------
    SceneError
        With all problems of the text.
    """
    shown = str(path) if shown is None else shown
    document = _parse_toml(text, shown)
    lines = locate_keys(text)
    context = {"stem": path.stem, "folder": path.parent}
    try:
        scene = Scene.model_validate(document, context=context)
    except ValidationError as error:
        raise SceneError(*_worded(shown, lines, problems_of(error))) from None
    return SceneFile(path=path, shown=shown, scene=scene, lines=lines)


def _read_text(path: Path, shown: str) -> str:
    try:
        # opening a pipe or a device could wait for ever
        mode = path.stat().st_mode
        if stat.S_ISDIR(mode):
            raise _unreadable(shown, "is a folder, not a scene file")
        if not stat.S_ISREG(mode):
            raise _unreadable(shown, "is not a regular file")
        with path.open("rb") as stream:
            data = stream.read(limits.MAX_SCENE_BYTES + 1)
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else None
        reason = (reason or "not a file name").lower()
        raise _unreadable(shown, f"can't be read: {reason}") from None
    if len(data) > limits.MAX_SCENE_BYTES:
        raise _unreadable(shown, f"must be at most {limits.MAX_SCENE_BYTES // 1000} kB long")
    try:
        return data.decode("utf-8-sig")  # editors on Windows put a mark at the start
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise _unreadable(f"{shown}:{line}", "must be UTF-8 text") from None


def _parse_toml(text: str, shown: str) -> dict[str, Any]:
    try:
        return tomllib.loads(text)
    except RecursionError:
        raise _unreadable(shown, "not valid TOML: nested too deeply") from None
    except tomllib.TOMLDecodeError as error:
        message = str(error)
        place = _PLACE.search(message)
        where, column = "", ""
        if place:
            message = message[: place.start()]
            line = place.group(1) or str(text.rstrip("\n").count("\n") + 1)
            where = f":{line}"
            column = (
                f" (column {place.group(2)})" if place.group(2) else " (at the end of the file)"
            )
        message = _KEY_TUPLE.sub(lambda keys: keys.group(1).replace("', '", "."), message)
        reason = message[:1].lower() + message[1:]
        raise _unreadable(shown, f"not valid TOML: {printable(reason)}{column}", where) from None
    except ValueError:  # an integer of more digits than Python converts
        raise _unreadable(shown, "not valid TOML: a number has too many digits") from None


def _unreadable(shown: str, reason: str, where: str = "") -> SceneError:
    return SceneError(f"{printable(shown)}{where}: {reason}")


def _worded(
    shown: str, lines: Mapping[KeyPath, int], problems: Iterable[Problem]
) -> tuple[str, ...]:
    """Put problems into their form, in the order of the file; those without a line come last."""
    placed = [(line_of(lines, path), path, text) for path, text in problems]
    placed.sort(key=lambda problem: (problem[0] is None, problem[0] or 0))
    name = printable(shown)
    return tuple(
        f"{name}{f':{line}' if line else ''}: {dotted(path)}{': ' if path else ''}{text}"
        for line, path, text in placed
    )
