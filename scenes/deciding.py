"""Which files are to be made, and why: only what changed is made again."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from epochreel.nn.errors import SceneError
from epochreel.scenes.filenames import shown_path
from epochreel.scenes.freshness import reason_to_make
from epochreel.scenes.keys import film_key, film_parts
from epochreel.scenes.loading import SceneFile
from epochreel.scenes.messages import count
from epochreel.scenes.output_spec import OutputSpec

__all__ = ["Decision", "decide", "describe_decisions"]


@dataclass(frozen=True, eq=False)
class Decision:
    """What is to be done for one file.

    Attributes
    ----------
    scene : SceneFile
    output : OutputSpec
    name : PurePosixPath
        Of the file, under the output folder.
    parts : mapping
        What it is made of; see :func:`~epochreel.scenes.keys.film_parts`.
    reason : str or None
        Why it is made; ``None`` where it is up to date.
    """

    scene: SceneFile
    output: OutputSpec
    name: PurePosixPath
    parts: dict[str, str]
    reason: str | None

    @property
    def key(self) -> str:
        """What tells the file from all that would be another."""
        return film_key(self.parts)


def decide(
    files: Iterable[SceneFile], folder: Path, *, preview: bool = False, force: bool = False
) -> list[Decision]:
    """Look at every file that some scenes make.

    Parameters
    ----------
    files : iterable of SceneFile
    folder : Path
        The output folder; it isn't touched.
    preview : bool
    force : bool
        Whether all are made, whatever is there.

    Returns
    -------
    list of Decision
        In the order of the scenes and of their outputs.

    Raises
    ------
    SceneError
        With a line for each CSV file that can't be read.
    """
    from epochreel.scenes.building import output_name

    decisions: list[Decision] = []
    problems: list[str] = []
    for file in files:
        try:
            for output in file.scene.outputs:
                name = output_name(output, preview=preview)
                parts = film_parts(file.scene, output, preview=preview)
                reason = reason_to_make(folder, name, parts)
                if force and reason != "new":
                    reason = "forced"
                decisions.append(Decision(file, output, name, parts, reason))
        except SceneError as error:
            problems.extend(error.problems)
    if problems:
        raise SceneError(*dict.fromkeys(problems))
    return decisions


def describe_decisions(decisions: Sequence[Decision]) -> list[str]:
    """Say what would be made and why, a line each, and how many in all."""
    names = [shown_path(decision.name) for decision in decisions]
    width = max(map(len, names), default=0)
    lines = [
        f"{name:<{width}}  {decision.reason or 'up to date'}"
        for name, decision in zip(names, decisions, strict=True)
    ]
    made = sum(decision.reason is not None for decision in decisions)
    return [*lines, f"{count(made, 'file')} of {len(decisions)} would be made"]
