"""The two kinds of work that a run consists of.

Both may run in another process, so all they need comes as arguments.
"""

from __future__ import annotations

import re
import warnings
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from epochreel.nn.dataset import Dataset
from epochreel.nn.recording import Recording
from epochreel.nn.scaling import Scaling
from epochreel.render import write_film
from epochreel.scenes.building import build_film
from epochreel.scenes.engines import load_engine
from epochreel.scenes.planning import TrainingPlan
from epochreel.scenes.progress import Reporter, Task
from epochreel.scenes.schema import OutputSpec, Scene

__all__ = ["FilmFacts", "FilmJob", "TrainingJob", "make_film", "train_model"]


@dataclass(frozen=True, eq=False)
class TrainingJob:
    """A training: `key` tells it from the others of a run.

    With `standardize` it sees features of mean 0 and deviation 1; its recording speaks the data's
    own units all the same.
    """

    key: str
    plan: TrainingPlan
    dataset: Dataset
    standardize: bool = False


@dataclass(frozen=True, eq=False)
class FilmJob:
    """A film that is to be made at `path`; `label` is what people know it by."""

    key: str
    label: str
    scene: Scene
    output: OutputSpec
    recordings: Mapping[str, Recording]
    path: Path
    preview: bool


@dataclass(frozen=True)
class FilmFacts:
    """What is known of a film once it is made."""

    size_px: tuple[int, int]
    duration_s: float
    frames: int
    notes: tuple[str, ...] = ()


def train_model(job: TrainingJob, reporter: Reporter) -> Recording:
    """Train and record one model."""
    plan = job.plan
    train = load_engine(plan.engine)
    reporter.start(Task(job.key, f"training {plan.name}", plan.updates, "update"))
    try:
        if not job.standardize:
            return train(plan, job.dataset, lambda done: reporter.advance(job.key, done))
        scaling = Scaling.of(job.dataset.x_train)
        scaled = scaling.apply(job.dataset)
        recording = train(plan, scaled, lambda done: reporter.advance(job.key, done))
        return scaling.undo(recording, job.dataset)
    finally:
        reporter.finish(job.key)


def make_film(job: FilmJob, reporter: Reporter) -> FilmFacts:
    """Draw and write one film."""
    film = build_film(job.scene, job.recordings, job.output, preview=job.preview)
    reporter.start(Task(job.key, f"rendering {job.label}", film.frame_count, "frame"))
    done = 0

    def advance(frames: int) -> None:
        nonlocal done
        done += frames
        reporter.advance(job.key, done)

    try:
        with _warnings_told(job.label, reporter):
            fit = write_film(
                film,
                job.path,
                quality=job.output.quality,
                max_bytes=job.output.max_bytes,
                on_frame=advance,
            )
    finally:
        reporter.finish(job.key)
    if fit is None:
        return FilmFacts(film.size, film.duration_s, film.frame_count)
    reporter.note(f"{job.label}: {fit}")
    return FilmFacts(fit.size_px, film.duration_s, film.frame_count, (str(fit),))


@contextmanager
def _warnings_told(label: str, reporter: Reporter) -> Generator[None]:
    """Tell what Matplotlib warns of as a note, one for all signs that the font lacks.

    Filters stay as they are, so that where warnings are errors they still are.
    """
    missing: dict[str, None] = {}
    others: dict[str, None] = {}

    def show(message: Warning | str, *where: Any, **more: Any) -> None:
        text = " ".join(str(message).split())
        glyph = re.match(r"Glyph (\d+) .*missing from", text)
        if glyph:
            missing[chr(int(glyph.group(1)))] = None
        else:
            others[text] = None

    with warnings.catch_warnings():
        warnings.showwarning = show
        yield
    if missing:
        reporter.note(f"{label}: the font lacks {' '.join(missing)}; boxes stand for them")
    for text in others:
        reporter.note(f"{label}: {text}")
