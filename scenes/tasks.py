"""The kinds of work that a run consists of: trainings, films, parts of films, and stills.

All may run in another process, so all they need comes as arguments.
"""

from __future__ import annotations

import re
import warnings
from collections.abc import Callable, Generator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from epochreel.nn.dataset import Dataset
from epochreel.nn.errors import EpochreelError, InvalidInputError
from epochreel.nn.recording import ParameterRecording, Recording
from epochreel.nn.recording_file import load_recording, save_recording
from epochreel.nn.scaling import Scaling
from epochreel.scenes.building import build_film, output_size
from epochreel.scenes.cache import seal
from epochreel.scenes.engines import load_engine
from epochreel.scenes.film_record import needs_poster
from epochreel.scenes.planning import TrainingPlan
from epochreel.scenes.progress import Reporter, Task
from epochreel.scenes.schema import OutputSpec, Scene

if TYPE_CHECKING:
    from epochreel.render.film import Film

__all__ = [
    "FilmFacts",
    "FilmJob",
    "PartJob",
    "TrainingJob",
    "draw_still",
    "join_film",
    "leave_recording",
    "make_film",
    "make_part",
    "train_model",
]


@dataclass(frozen=True, eq=False)
class TrainingJob:
    """A training: `key` tells it from the others of a run.

    With `standardize` it sees features of mean 0 and deviation 1; its recording speaks the data's
    own units all the same. With `path` the recording is left there, for whoever films it.
    """

    key: str
    plan: TrainingPlan
    dataset: Dataset
    standardize: bool = False
    path: Path | None = None


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


@dataclass(frozen=True, eq=False)
class PartJob:
    """Part number `index`, from 0, of `parts` about equal ones that a film is made in."""

    film: FilmJob
    index: int
    parts: int

    @property
    def path(self) -> Path:
        """Where the part is kept until all are joined."""
        return self.film.path.with_name(f"{self.film.path.name}.part{self.index}")


@dataclass(frozen=True)
class FilmFacts:
    """What is known of a film once it is made.

    `at` is the moment of a still; `poster` is a PNG of the last, of a film that browsers don't show
    as a picture before it plays.
    """

    size_px: tuple[int, int]
    duration_s: float
    frames: int
    notes: tuple[str, ...] = ()
    at: str | None = None
    poster: bytes | None = field(default=None, repr=False)


def train_model(job: TrainingJob, reporter: Reporter) -> Recording:
    """Train and record one model."""
    plan = job.plan
    train = load_engine(plan.engine)
    reporter.start(Task(job.key, f"training {plan.name}", plan.updates, "update"))
    try:
        if not job.standardize:
            recording = train(plan, job.dataset, lambda done: reporter.advance(job.key, done))
            return leave_recording(recording, job.path)
        scaling = Scaling.of_dataset(job.dataset)
        scaled = scaling.apply(job.dataset)
        recording = train(plan, scaled, lambda done: reporter.advance(job.key, done))
        return leave_recording(scaling.undo(recording, job.dataset), job.path)
    finally:
        reporter.finish(job.key)


def leave_recording(recording: ParameterRecording, path: Path | None) -> Recording:
    """Leave a recording in its file; where it can't be, hand over the numbers."""
    if path is None:
        return recording
    try:
        save_recording(recording, path, durable=False)  # a seal shows what a power cut has left
        seal(path, path.stem)
        return load_recording(path)
    except (EpochreelError, OSError):
        path.unlink(missing_ok=True)
        return recording


def make_film(job: FilmJob, reporter: Reporter) -> FilmFacts:
    """Draw and write one film."""
    from epochreel.render.output import write_film

    film = _film(job)
    with _frames_told(job.key, job.label, film.frame_count, reporter) as advance:
        _tell_notes(job, film, reporter)
        fit = write_film(
            film,
            job.path,
            quality=job.output.quality,
            max_bytes=job.output.max_bytes,
            on_frame=advance,
        )
    if fit is None:
        return _facts(job, film)
    reporter.note(f"{job.label}: {fit}")
    notes, poster = (str(fit), *film.notes), _poster(job, film)
    return FilmFacts(fit.size_px, film.duration_s, film.frame_count, notes, poster=poster)


def draw_still(job: FilmJob, reporter: Reporter) -> FilmFacts:
    """Draw one moment of a film, in a preview the same one; what never came is said."""
    from epochreel.render.moments import moment_at
    from epochreel.render.stills import write_still

    size = output_size(job.output, preview=job.preview)
    output = job.output.model_copy(update={"size": size})
    film = build_film(job.scene, job.recordings, output)
    at, notes = job.output.still or "last", film.notes
    with _frames_told(job.key, job.label, 1, reporter) as advance:
        try:
            moment_at(film, at)
        except InvalidInputError:
            notes = (*notes, f"{at!r} isn't reached by the training; the end is shown")
            at = "last"
        write_still(film, job.path, at=at)
        advance(1)
        for note in notes:
            reporter.note(f"{job.label}: {note}")
        poster = _poster(job, film, at)
    return FilmFacts(film.size, 0.0, 1, notes, at, poster)


def make_part(job: PartJob, reporter: Reporter) -> None:
    """Draw and encode a part of a film; short ones may have fewer parts than were asked for."""
    from epochreel.render.output import cuts, write_part

    film = _film(job.film)
    spans = cuts(film, job.film.path, job.parts)
    if job.index >= len(spans):
        return
    span = spans[job.index]
    label = f"{job.film.label}, part {job.index + 1} of {len(spans)}"
    key = f"{job.film.key}, part {job.index}"
    frames = span[1] - span[0]
    share = frames / film.frame_count
    with _frames_told(key, label, frames, reporter, job.film.key, share) as advance:
        if job.index == 0:
            _tell_notes(job.film, film, reporter)
        write_part(
            film, job.film.path, span, job.path, quality=job.film.output.quality, on_frame=advance
        )


def join_film(jobs: Sequence[PartJob], reporter: Reporter) -> FilmFacts:
    """Make one film of all of its parts."""
    from epochreel.render.output import cuts, join_parts

    job = jobs[0].film
    film = _film(job)
    parts = [part.path for part in jobs[: len(cuts(film, job.path, len(jobs)))]]
    join_parts(film, job.path, parts, quality=job.output.quality)
    for part in parts:
        part.unlink()
    return _facts(job, film)


class _Latest:
    """The film this process worked on last: its parts needn't set it up again."""

    path: Path | None = None
    film: Film | None = None


def _film(job: FilmJob) -> Film:
    if _Latest.film is None or _Latest.path != job.path:
        _Latest.film = build_film(job.scene, job.recordings, job.output, preview=job.preview)
        _Latest.path = job.path
    return _Latest.film


def _tell_notes(job: FilmJob, film: Film, reporter: Reporter) -> None:
    for note in film.notes:
        reporter.note(f"{job.label}: {note}")


def _facts(job: FilmJob, film: Film) -> FilmFacts:
    poster = _poster(job, film)
    return FilmFacts(film.size, film.duration_s, film.frame_count, film.notes, poster=poster)


def _poster(job: FilmJob, film: Film, at: str = "last") -> bytes | None:
    """Draw what stands for a film until it plays; here, where its layers are drawn already."""
    from epochreel.render.stills import png_bytes

    return png_bytes(film, at) if needs_poster(job.path) else None


@contextmanager
def _frames_told(
    key: str, label: str, frames: int, reporter: Reporter, of: str = "", share: float = 1.0
) -> Generator[Callable[[int], None]]:
    """Report a rendering from its start to its end."""
    reporter.start(Task(key, f"rendering {label}", frames, "frame", of, share))
    done = 0

    def advance(count: int) -> None:
        nonlocal done
        done += count
        reporter.advance(key, done)

    try:
        with _warnings_told(label, reporter):
            yield advance
    finally:
        reporter.finish(key)


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
