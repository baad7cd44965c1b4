"""From arguments to scene files: single ones, folders, patterns, names of ready-made scenes."""

from __future__ import annotations

import glob
import os
from collections.abc import Sequence
from fnmatch import fnmatchcase
from pathlib import Path

from epochreel.nn.errors import SceneError
from epochreel.scenes.library import ready_made
from epochreel.scenes.loading import SceneFile, find_scene, read_variants
from epochreel.scenes.messages import did_you_mean, printable, quoted
from epochreel.scenes.overriding import Setting

__all__ = ["find_scenes", "read_scenes"]


def find_scenes(argument: str) -> list[tuple[Path, str]]:
    """Find what an argument stands for.

    Parameters
    ----------
    argument : str
        A scene file, the name of a ready-made scene, a folder (its ``*.toml``), or a pattern such
        as ``term/**/*.toml``.

    Returns
    -------
    list of (Path, str)
        Each file, and what messages call it; those of a folder in the order of their names.

    Raises
    ------
    SceneError
        When there is none.
    """
    path = Path(argument)
    if not argument.strip():
        raise SceneError(
            "SCENE: must be a file, a folder, a pattern or a ready-made scene, "
            f"got {quoted(argument)}"
        )
    try:
        if path.is_dir() and argument not in ready_made():
            # hidden ones aren't scenes: editors and other systems leave such
            names = (name for name in os.listdir(path) if not name.startswith("."))
            found = sorted(path / name for name in names if name.endswith(".toml"))
            reason = "is a folder without scene files, *.toml"
        elif glob.has_magic(argument) and not path.exists():
            found = sorted(
                Path(name) for name in glob.glob(argument, recursive=True) if Path(name).is_file()
            )
            reason = "no file is called so"
        else:
            return [(find_scene(argument), argument)]
    except PermissionError as error:
        raise SceneError(
            f"{printable(argument)}: can't be read: {str(error.strerror).lower()}"
        ) from error
    except (OSError, ValueError):  # a name too long for the system, or with a NUL
        return [(find_scene(argument), argument)]
    if not found:
        raise SceneError(f"{printable(argument)}: {reason}")
    return [(file, str(file)) for file in found]


def read_scenes(
    arguments: Sequence[str], *, only: Sequence[str] = (), settings: Sequence[Setting] = ()
) -> tuple[list[SceneFile], list[str]]:
    """Find, read and validate scenes.

    Parameters
    ----------
    arguments : sequence of str
        As for :func:`find_scenes`. A file that is found twice counts once.
    only : sequence of str
        Patterns; scenes count whose file or variant has a name like one of them. All when empty.
    settings : sequence of Setting
        Set in each scene.

    Returns
    -------
    list of SceneFile
    list of str
        The problems of the other files.
    """
    found: dict[Path, tuple[Path, str]] = {}
    problems: list[str] = []
    for argument in arguments:
        try:
            for path, shown in find_scenes(argument):
                found.setdefault(path.resolve(), (path, shown))
        except SceneError as error:
            problems += error.problems
    files: list[SceneFile] = []
    names: list[str] = []
    for path, shown in found.values():
        wanted = not only or _is_like(path.stem, only)
        try:
            variants = read_variants(path, shown, settings)
        except SceneError as error:
            names.append(path.stem)
            # what isn't asked for may be wrong
            problems += error.problems if wanted else ()
        else:
            names += [file.name for file in variants]
            files += [file for file in variants if wanted or _is_like(file.name, only)]
    if found and not files and not problems:
        hint = did_you_mean(only[0], names)
        problems.append(f"--only: must be like the name of a scene, got {quoted(only[0])}{hint}")
    return files, _set_once(problems, len(found))


def _is_like(name: str, patterns: Sequence[str]) -> bool:
    return any(fnmatchcase(name, pattern) for pattern in patterns)


def _set_once(problems: Sequence[str], files: int) -> list[str]:
    """Tell what is wrong with a setting once where all files say the same of it."""
    tails = [problem.partition(": --set ")[2] for problem in problems]
    told: dict[str, None] = {}
    for problem, tail in zip(problems, tails, strict=True):
        everywhere = tail and files > 1 and tails.count(tail) == files
        told[f"--set {tail}" if everywhere else problem] = None
    return list(told)
