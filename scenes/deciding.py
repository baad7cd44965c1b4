"""Which files are to be made, and why: only what changed is made again."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from epochreel.nn.errors import SceneError
from epochreel.scenes.building import output_name
from epochreel.scenes.filenames import shown_path
from epochreel.scenes.film_record import FilmRecord, needs_poster, poster_name
from epochreel.scenes.freshness import find_made, reason_to_make
from epochreel.scenes.keys import film_key, film_parts
from epochreel.scenes.loading import SceneFile
from epochreel.scenes.messages import count, printable
from epochreel.scenes.outcomes import Artifact, Outcome
from epochreel.scenes.output_spec import OutputSpec
from epochreel.scenes.scoring import final_scores

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
    record : FilmRecord or None
        What is known of the file that is there.
    reason : str or None
        Why it is made; ``None`` where it is up to date.
    """

    scene: SceneFile
    output: OutputSpec
    name: PurePosixPath
    parts: dict[str, str]
    record: FilmRecord | None
    reason: str | None

    @property
    def key(self) -> str:
        """What tells the file from all that would be another."""
        return film_key(self.parts)

    @property
    def has_other_text(self) -> bool:
        """Whether its scene says anything else than it did, be it only a comment."""
        if self.record is None:
            return False
        told = self.record.scene
        return told.source != self.scene.text or told.description != self.scene.scene.description

    def up_to_date(self, folder: Path) -> Outcome:
        """Report a file that stays as it is."""
        artifact = None if self.record is None else self.artifact(folder)
        return Outcome(self.scene, self.output, self.name, "up to date", artifact)

    def artifact(self, folder: Path, *, with_poster: bool = False) -> Artifact:
        """Give the file that is there, as it was when it was made.

        Raises
        ------
        OSError
            When its poster can't be read.
        """
        record, path = self.record, folder / self.name
        if record is None:
            raise ValueError(f"{self.name}: nothing is known of it")
        scores = final_scores({model.name: model.last for model in record.models})
        poster = path.with_name(poster_name(self.name))
        return Artifact(
            path=path,
            size_px=(record.width, record.height),
            duration_s=record.duration_s,
            frames=record.frames,
            bytes=record.file.bytes,
            scores=scores.of,
            score=scores.kind,
            split=scores.split,
            notes=record.notes,
            at=record.at,
            data=record.data,
            models=record.models,
            poster=poster.read_bytes() if with_poster and needs_poster(self.name) else None,
        )


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
    decisions: list[Decision] = []
    problems: list[str] = []
    for file in files:
        try:
            for output in file.scene.outputs:
                name = output_name(output, preview=preview)
                parts = film_parts(file.scene, output, preview=preview)
                record = find_made(folder, name)
                reason = reason_to_make(folder, name, record, parts)
                if force and reason != "new":
                    reason = "forced"
                decisions.append(Decision(file, output, name, parts, record, reason))
        except SceneError as error:
            problems.extend(error.problems)
    if problems:
        raise SceneError(*dict.fromkeys(problems))
    return decisions


def describe_decisions(
    decisions: Sequence[Decision], to_train: Callable[[Decision], Sequence[str]]
) -> list[str]:
    """Say what would be made and why, a line each, and how many in all.

    Parameters
    ----------
    decisions : sequence of Decision
    to_train : callable
        Gives the names of the models that must be trained for a file.
    """
    rows: list[tuple[str, str, str]] = []
    for decision in decisions:
        models = to_train(decision) if decision.reason is not None else ()
        training = f"trains {', '.join(map(printable, models))}" if models else ""
        rows.append((shown_path(decision.name), decision.reason or "up to date", training))
    widths = [max(len(row[column]) for row in rows) for column in (0, 1)]
    lines = [
        f"{name:<{widths[0]}}  {reason:<{widths[1]}}  {training}".rstrip()
        for name, reason, training in rows
    ]
    made = sum(decision.reason is not None for decision in decisions)
    return [*lines, f"{made} of {count(len(decisions), 'file')} would be made"]
