"""From a document with a ``[sweep]`` to its variants, each a document of its own."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import product
from pathlib import PurePosixPath
from typing import Any, cast

from epochreel.nn.errors import InvalidInputError
from epochreel.scenes.filenames import collision_key, refuse_file_name
from epochreel.scenes.messages import Path, describe, quoted
from epochreel.scenes.overriding import parse_key, set_value
from epochreel.scenes.sweep_spec import FIELD, SweepSpec
from epochreel.scenes.values import unique_index

__all__ = ["Variant", "expand_sweep", "name_outputs"]

Problem = tuple[Path, str]


@dataclass(frozen=True)
class Variant:
    """One combination of values.

    Attributes
    ----------
    name : str
    document : mapping
        Without a ``[sweep]``; outputs have their names.
    origins : mapping
        Of each swept key, where in the scene file its value stands.
    """

    name: str
    document: Mapping[str, Any]
    origins: Mapping[Path, Path]


def expand_sweep(
    document: Mapping[str, Any], sweep: SweepSpec, stem: str
) -> tuple[list[Variant], list[Problem]]:
    """Make the variants of a scene.

    Parameters
    ----------
    document : mapping
        Parsed TOML; its ``[sweep]`` is not looked at.
    sweep : SweepSpec
    stem : str
        Name of the scene file without its suffix.

    Returns
    -------
    list of Variant
        The last key's values change fastest.
    list of (path, text)
        What is wrong with them as a whole.
    """
    base = {key: value for key, value in document.items() if key != "sweep"}
    axes = sweep.axes
    places = [range(len(values)) for _, values in axes.values()]
    combine = product if sweep.mode == "grid" else zip
    variants: list[Variant] = []
    problems: list[Problem] = []
    for number, indices in enumerate(combine(*places), start=1):
        made: Mapping[str, Any] = base
        origins: dict[Path, Path] = {}
        chosen: dict[Path, Any] = {}
        for (path, (where, values)), index in zip(axes.items(), indices, strict=True):
            origins[path] = ("sweep", "values", *where, index)
            chosen[path] = values[index]
            try:
                made = set_value(made, path, values[index])
            except InvalidInputError as error:
                problems.append((("sweep", "values", *where), str(error)))
        if problems:
            return [], list(dict.fromkeys(problems))
        name = _name(sweep.name, stem, number, chosen)
        variants.append(Variant(name, name_outputs(made, stem, name, chosen), origins))
    return variants, _refuse_names([variant.name for variant in variants])


def name_outputs(
    document: Mapping[str, Any], stem: str, name: str, given: Iterable[Path] = ()
) -> dict[str, Any]:
    """Give a document whose files have a name in them.

    Parameters
    ----------
    document : mapping
    stem : str
        Name of the scene file without its suffix.
    name : str
        What ``{name}`` stands for: that of the variant, or `stem`. A variant's files without
        ``{name}`` get it before their suffix.
    given : iterable of path
        Keys that are the variant's own already.

    Returns
    -------
    dict
    """
    given = set(given)
    outputs: object = document.get("outputs", [{"file": f"{stem}.mp4"}])
    if not isinstance(outputs, list):
        return dict(document)
    named = list(cast("list[Any]", outputs))
    for index, output in enumerate(named):
        if not isinstance(output, dict):
            continue
        output = cast("dict[str, Any]", output)
        file: object = output.get("file")
        own = ("outputs", index, "file") in given or name == stem
        if isinstance(file, str):
            named[index] = {**output, "file": _file(file, stem, name, own=own)}
    return {**document, "outputs": named}


def _file(file: str, stem: str, name: str, *, own: bool) -> str:
    if "{name}" in file:
        return file.replace("{name}", name)
    path = PurePosixPath(file)
    if own or not path.name:
        return file
    new = name if path.stem == stem else f"{path.stem}-{name}"
    return str(path.parent / f"{new}{path.suffix}") + ("/" if file.endswith("/") else "")


def _name(template: str | None, stem: str, number: int, chosen: Mapping[Path, Any]) -> str:
    if template is None:
        return "-".join([stem, *map(_word, chosen.values())])

    def fill(key: str, form: str | None) -> str:
        value = {"stem": stem, "number": number}.get(key)
        value = chosen[parse_key(key)] if value is None else value
        if form and isinstance(value, (int, float)) and not isinstance(value, bool):
            return format(float(value) if form[-1] in "efg" else int(value), form)
        return stem if key == "stem" else _word(value)

    return FIELD.sub(lambda field: fill(field.group(1), field.group(2)), template)


def _word(value: object) -> str:
    """Write a value so that it can stand in a file's name."""
    if isinstance(value, dict):
        return "-".join(map(_word, cast("dict[str, object]", value).values())) or "none"
    if isinstance(value, list):
        return "x".join(map(_word, cast("list[object]", value))) or "none"
    text = describe(value) if isinstance(value, bool) else str(value)
    return "".join(char if char.isalnum() or char in "._-+" else "-" for char in text)


def _refuse_names(names: list[str]) -> list[Problem]:
    where = ("sweep", "name")
    for name in names:
        # a file name with a suffix, so that all that holds of outputs holds of it
        reason = refuse_file_name(f"{name}.toml", [".toml"])
        if reason or "/" in name:
            text = (reason or "must not hold '/'").partition(", got ")[0]
            return [(where, f"{text}, got {quoted(name)}")]
    twice = unique_index(map(collision_key, names))
    if twice:
        again, first = twice
        text = f"variants {first + 1} and {again + 1} would both be {quoted(names[again])}"
        return [(where, f"must tell all variants apart: {text}; {{number}} always does")]
    return []
