"""From arguments to scenes: find files, read them, and collect all that is wrong with them."""

from __future__ import annotations

import re
import stat
import tomllib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from math import inf
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ValidationError

from epochreel.nn.errors import InvalidInputError, SceneError
from epochreel.scenes import limits
from epochreel.scenes.library import ready_made
from epochreel.scenes.locating import line_of, locate_keys
from epochreel.scenes.messages import Path as KeyPath
from epochreel.scenes.messages import count, did_you_mean, dotted, printable
from epochreel.scenes.overriding import Setting, set_value
from epochreel.scenes.problems import Problem, problems_of
from epochreel.scenes.schema import Scene
from epochreel.scenes.sweep_spec import SweepSpec
from epochreel.scenes.sweeping import Variant, expand_sweep, name_outputs

__all__ = [
    "SceneFile",
    "find_scene",
    "parse_scene",
    "parse_scenes",
    "read_scene",
    "read_variants",
]

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
    variant : str or None
        Which of the scenes that a file with a ``[sweep]`` is.
    document : mapping
        What was validated: parsed TOML, with what was set and swept, and the names of all files.
    settings : tuple of path
        Keys that were set from outside of the file.
    text : str
        What the file says.
    """

    path: Path
    shown: str
    scene: Scene
    lines: Mapping[KeyPath, int] = field(default_factory=dict[KeyPath, int], repr=False)
    variant: str | None = None
    document: Mapping[str, Any] = field(default_factory=dict[str, Any], repr=False)
    settings: tuple[KeyPath, ...] = ()
    text: str = field(default="", repr=False)

    @property
    def name(self) -> str:
        """The variant's name, or the file's without its suffix."""
        return self.variant or self.path.stem

    @property
    def label(self) -> str:
        """What people know it by: the file, and which of its variants."""
        return f"{self.shown} ({self.variant})" if self.variant else self.shown

    def refuse(self, problems: Iterable[Problem]) -> SceneError:
        """Make the error that says what is wrong with this scene."""
        of = f" (variant {self.variant})" if self.variant else ""
        marked = [(path, text + of) for path, text in problems]
        return SceneError(*_worded(self.shown, self.lines, marked, self.settings))


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
        With all problems of the file; also when it has a ``[sweep]``, and so is several scenes.
    """
    return _only(read_variants(find_scene(argument), argument))


def read_variants(path: Path, shown: str, settings: Sequence[Setting] = ()) -> list[SceneFile]:
    """Read and validate a scene file, as :func:`parse_scenes` does."""
    return parse_scenes(_read_text(path, shown), path=path, shown=shown, settings=settings)


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
    """Validate the text of a scene file without a ``[sweep]``.

    Parameters and errors are those of :func:`parse_scenes`.
    """
    return _only(parse_scenes(text, path=path, shown=shown))


def parse_scenes(
    text: str, *, path: Path, shown: str | None = None, settings: Sequence[Setting] = ()
) -> list[SceneFile]:
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
    settings : sequence of Setting
        Take the place of what the text says, one after the other.

    Returns
    -------
    list of SceneFile
        One, or the variants of its ``[sweep]``.

    Raises
    ------
    SceneError
        With all problems of the text; one that several variants have is told once.
    """
    shown = str(path) if shown is None else shown
    document = _set_all(_parse_toml(text, shown), settings, path.stem, shown)
    lines, set_paths = locate_keys(text), tuple(setting.path for setting in settings)

    def refuse(problems: Iterable[Problem]) -> SceneError:
        return SceneError(*_worded(shown, lines, problems, set_paths))

    if "sweep" not in document:
        variants = [Variant(path.stem, name_outputs(document, path.stem, path.stem), {})]
    else:
        try:
            sweep = _Swept.model_validate({"sweep": document["sweep"]}).sweep
        except ValidationError as error:
            raise refuse(problems_of(error)) from None
        both = [
            (where, "is a key of the [sweep], which gives its values")
            for where in set_paths
            if where in sweep.axes
        ]
        variants, problems = expand_sweep(document, sweep, path.stem)
        if both or problems:
            raise refuse([*both, *problems])

    files: list[SceneFile] = []
    found: dict[str, list[str]] = {}
    for variant in variants:
        placed = _moved(lines, variant.origins)
        try:
            scene = Scene.model_validate(
                variant.document, context={"stem": path.stem, "folder": path.parent}
            )
        except ValidationError as error:
            for line in _worded(shown, placed, problems_of(error), set_paths):
                found.setdefault(line, []).append(variant.name)
        else:
            name = variant.name if "sweep" in document else None
            made = variant.document
            files.append(SceneFile(path, shown, scene, placed, name, made, set_paths, text))
    if found:
        raise SceneError(*(line + _whose(names, len(variants)) for line, names in found.items()))
    return files


class _Swept(BaseModel):
    """Gives the problems of a sweep their place in the document."""

    sweep: SweepSpec


def _only(files: Sequence[SceneFile]) -> SceneFile:
    if len(files) == 1 and files[0].variant is None:
        return files[0]
    number = count(len(files), "variant")
    raise files[0].refuse([(("sweep",), f"is for 'render' and 'check', got {number}")])


def _set_all(
    document: dict[str, Any], settings: Sequence[Setting], stem: str, shown: str
) -> dict[str, Any]:
    problems: list[Problem] = []
    for setting in settings:
        try:
            if setting.path[0] == "outputs":
                document = name_outputs(document, stem, stem)
            document = set_value(document, setting.path, setting.value)
        except InvalidInputError as error:
            problems.append((setting.path, str(error)))
    if problems:
        raise SceneError(*_worded(shown, {}, problems, [path for path, _ in problems]))
    return document


def _moved(
    lines: Mapping[KeyPath, int], origins: Mapping[KeyPath, KeyPath]
) -> Mapping[KeyPath, int]:
    """Let swept keys stand where their values do."""
    placed = dict(lines)
    for path, origin in origins.items():
        placed = {key: line for key, line in placed.items() if key[: len(path)] != path}
        placed[path] = line_of(lines, origin) or 0
    return placed


def _whose(names: Sequence[str], variants: int) -> str:
    if len(names) == variants:
        return ""
    others = f" and {len(names) - 1} more" if len(names) > 1 else ""
    return f" (variant {names[0]}{others})"


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
    shown: str,
    lines: Mapping[KeyPath, int],
    problems: Iterable[Problem],
    settings: Sequence[KeyPath] = (),
) -> tuple[str, ...]:
    """Put problems into their form, in the order of the file.

    What was set from outside comes first, what has no line last.
    """
    placed: list[tuple[float, str]] = []
    for path, text in problems:
        line = line_of(lines, path)
        words = f"{dotted(path)}{': ' if path else ''}{text}"
        # also a table that is there only because of what was set in it
        if any(
            path[: len(key)] == key or (not line and key[: len(path)] == path) for key in settings
        ):
            placed.append((0, f": --set {words}"))
        else:
            placed.append((line or inf, f"{f':{line}' if line else ''}: {words}"))
    placed.sort(key=lambda problem: problem[0])
    return tuple(printable(shown) + rest for _, rest in placed)
