"""From scenes to finished files: each model is trained once, each film made when it can be."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, BrokenExecutor, Executor, Future, wait
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import Any, Literal

from epochreel.nn.errors import EpochreelError, RenderError
from epochreel.nn.recording import Recording
from epochreel.render.timeline import Timeline
from epochreel.scenes.building import output_name, output_size
from epochreel.scenes.data_spec import DataSpec
from epochreel.scenes.executors import GRACE_S, Link, Settling, Stoppable
from epochreel.scenes.filenames import shown_path
from epochreel.scenes.interruptions import uninterrupted
from epochreel.scenes.loading import SceneFile
from epochreel.scenes.messages import printable
from epochreel.scenes.planning import TrainingPlan
from epochreel.scenes.preparing import PreparedScene, expected_timeline
from epochreel.scenes.progress import Reporter
from epochreel.scenes.schema import OutputSpec
from epochreel.scenes.scoring import final_scores
from epochreel.scenes.sharing import share_out
from epochreel.scenes.targets import Targets, stored_bytes
from epochreel.scenes.tasks import (
    FilmFacts,
    FilmJob,
    PartJob,
    TrainingJob,
    draw_still,
    join_film,
    make_film,
    make_part,
    train_model,
)

__all__ = ["Artifact", "film_jobs", "render_scenes", "useful_jobs"]

TrainingKey = tuple[DataSpec, TrainingPlan]

PART_PIXELS = 50_000_000
"""A part of a film has at least so many, half a second's work; less isn't worth its set-up."""


@dataclass(frozen=True)
class Artifact:
    """A finished file.

    Attributes
    ----------
    path : Path
    size_px : tuple of int
        Width and height.
    duration_s : float
    frames : int
        Holds included.
    bytes : int
        Length of the file, or of a folder's files in all, linked ones counted once.
    scores : mapping
        Accuracy of each model at its last snapshot, by name; of a regression R².
    score : {"accuracy", "R²"}
        Which of the two.
    split : "test" or "train"
        What that was measured on; the training data where there is no test split.
    notes : tuple of str
        What a viewer should know, such as a training that stopped early, or how a file fits.
    at : str or None
        Which moment a still shows; its duration is 0 s.
    """

    path: Path
    size_px: tuple[int, int]
    duration_s: float
    frames: int
    bytes: int
    scores: Mapping[str, float]
    score: Literal["accuracy", "R²"]
    split: Literal["test", "train"]
    notes: tuple[str, ...] = ()
    at: str | None = None


def render_scenes(
    scenes: Sequence[PreparedScene],
    output_dir: Path,
    *,
    executor: Executor,
    reporter: Reporter,
    jobs: int = 1,
    preview: bool = False,
) -> list[Artifact]:
    """Train all models and make all files of some scenes.

    A model that stands in several scenes with the same data and training is trained once. Models
    of scenes that show the seconds of training are trained one at a time, before anything else
    runs, so that these are the model's own.

    Parameters
    ----------
    scenes : sequence of PreparedScene
    output_dir : Path
        Folder of the finished files; made when it isn't there.
    executor : Executor
        Where the work runs.
    reporter : Reporter
    jobs : int
        How many tasks the executor runs at a time: where there are fewer films, a long one is made
        in parts. Its bytes don't depend on that.
    preview : bool
        Make small, short films, with ``-preview`` in their names.

    Returns
    -------
    list of Artifact
        In the order of the scenes and of their outputs.

    Raises
    ------
    SceneError
        When a file can't be written there; nothing was trained then.
    RenderError
        When a training or a film failed. Films that were finished before stay.
    """
    link = Link(reporter)
    with Targets(output_dir) as targets:
        targets.reserve(
            [
                output_name(output, preview=preview)
                for s in scenes
                for output in s.file.scene.outputs
            ]
        )
        run = _Run(scenes, targets, executor, link, jobs, preview)
        try:
            return run.work()
        except BaseException:
            with uninterrupted():
                # before the targets' hidden folders go, nobody may write to them any more
                link.cancelled = True
                run.stop()
                targets.clear()
            raise


@dataclass(frozen=True, eq=False)
class _PlannedFilm:
    scene: PreparedScene
    output: OutputSpec
    name: PurePosixPath
    trainings: tuple[TrainingKey, ...]


@dataclass(frozen=True, eq=False)
class _Part:
    film: _PlannedFilm
    job: PartJob


Work = TrainingKey | _PlannedFilm | _Part


@dataclass(eq=False)
class _Run:
    scenes: Sequence[PreparedScene]
    targets: Targets
    executor: Executor
    link: Link
    jobs: int
    preview: bool
    recordings: dict[TrainingKey, Recording] = field(default_factory=dict[TrainingKey, Recording])
    running: dict[Future[Any], Work] = field(default_factory=dict[Future[Any], Work])
    parts: dict[_PlannedFilm, list[PartJob]] = field(
        default_factory=dict[_PlannedFilm, list[PartJob]]
    )
    """Those of each film that are still to be made."""
    batches: list[list[TrainingKey]] = field(default_factory=list[list[TrainingKey]])
    """Trainings that are still to begin; those of a batch run at the same time."""

    def work(self) -> list[Artifact]:
        films = [
            _PlannedFilm(
                scene,
                output,
                output_name(output, preview=self.preview),
                tuple((scene.file.scene.data, plan) for plan in scene.plans),
            )
            for scene in self.scenes
            for output in scene.file.scene.outputs
        ]
        made: dict[_PlannedFilm, Artifact] = {}
        waiting = list(films)
        self._plan_trainings(films)
        if not self.batches:
            waiting = self._submit_ready(waiting)
        while self.running or self.batches:
            if not self.running:
                self._submit_trainings(self.batches.pop(0))
            # with a timeout, because a wait without one can't be interrupted on Windows
            done, _ = wait(self.running, timeout=0.5, return_when=FIRST_COMPLETED)
            # what is finished by now stays, whatever else has failed meanwhile
            for future in sorted(done, key=_failed):
                work = self.running.pop(future)
                if isinstance(work, _PlannedFilm):
                    made[work] = self._artifact(work, _result(future, _film_label(work)))
                elif isinstance(work, _Part):
                    _result(future, _film_label(work.film))
                    self._join_if_complete(work)
                else:
                    recording = _result(future, f"training {work[1].name}")
                    self.recordings[work] = recording
                    self._say_what_stopped(recording)
            if not self.batches:
                waiting = self._submit_ready(waiting)
        return [made[film] for film in films]

    def _submit_ready(self, waiting: list[_PlannedFilm]) -> list[_PlannedFilm]:
        """Submit the films whose models are all trained; give those that still wait."""
        ready = [film for film in waiting if all(key in self.recordings for key in film.trainings)]
        # the longest first, so that no worker is left alone with it at the end
        ready.sort(key=lambda film: (self._pixels(film), len(film.scene.file.scene.panels)))
        ready.reverse()
        free = max(1, self.jobs - len(self.running))
        most = [self._most_parts(film) for film in ready]
        shares = share_out([self._pixels(film) for film in ready], most, free)
        for film, parts in zip(ready, shares, strict=True):
            self._submit_film(film, parts)
        return [film for film in waiting if film not in ready]

    def stop(self) -> None:
        for future in self.running:
            future.cancel()
        if isinstance(self.executor, Stoppable):
            self.executor.stop()
        else:
            wait(self.running, timeout=GRACE_S)

    def _plan_trainings(self, films: Sequence[_PlannedFilm]) -> None:
        """Put those that are timed first, each by itself; then all others, the longest first."""
        new = dict.fromkeys(key for film in films for key in film.trainings)
        new = {key: None for key in new if key not in self.recordings}
        shown = {key for film in films if film.scene.file.scene.timed for key in film.trainings}
        timed = [key for key in new if key in shown]
        others = sorted((key for key in new if key not in shown), key=_cost, reverse=True)
        self.batches = [[key] for key in timed] + ([others] if others else [])
        if timed and isinstance(self.executor, Settling):
            self.executor.settle()

    def _submit_trainings(self, keys: Sequence[TrainingKey]) -> None:
        datasets = {scene.file.scene.data: scene.dataset for scene in self.scenes}
        for key in keys:
            data, plan = key
            number = len(self.recordings) + len(self.running)
            job = TrainingJob(f"training {number}", plan, datasets[data], data.standardize)
            self.running[self._submit(train_model, job)] = key

    def _submit_film(self, film: _PlannedFilm, parts: int) -> None:
        job = FilmJob(
            key=f"film {film.name}",
            label=shown_path(film.name),
            scene=film.scene.file.scene,
            output=film.output,
            recordings=self._recordings(film),
            path=self.targets.partial(film.name),
            preview=self.preview,
        )
        if film.output.still:
            self.running[self._submit(draw_still, job)] = film
            return
        if parts < 2:
            self.running[self._submit(make_film, job)] = film
            return
        self.parts[film] = [PartJob(job, index, parts) for index in range(parts)]
        for part in self.parts[film]:
            self.running[self._submit(make_part, part)] = _Part(film, part)

    def _join_if_complete(self, done: _Part) -> None:
        others = (work for work in self.running.values() if isinstance(work, _Part))
        if all(other.film is not done.film for other in others):
            parts = self.parts.pop(done.film)
            self.running[self._submit(join_film, parts)] = done.film

    def _submit(
        self, task: Any, job: TrainingJob | FilmJob | PartJob | list[PartJob]
    ) -> Future[Any]:
        try:
            return self.executor.submit(task, job, self.link)
        except BrokenExecutor as error:
            raise _broken(error) from error

    def _pixels(self, film: _PlannedFilm) -> int:
        """Count what is drawn: what a film costs. A still keeps no worker from the films."""
        if film.output.still:
            return 0
        timeline = film.scene.timeline(preview=self.preview)
        return _pixels(timeline, film.output, self.preview)

    def _most_parts(self, film: _PlannedFilm) -> int:
        timeline = film.scene.timeline(preview=self.preview)
        return _most_parts(timeline, film.output, self.preview)

    def _say_what_stopped(self, recording: Recording) -> None:
        note = _stop_note(recording)
        if note:
            self.link.note(note)

    def _recordings(self, film: _PlannedFilm) -> dict[str, Recording]:
        trained = {key[1].name: self.recordings[key] for key in film.trainings}
        return {**film.scene.recordings, **trained}

    def _artifact(self, film: _PlannedFilm, facts: FilmFacts) -> Artifact:
        path = self.targets.finish(film.name)
        recordings = self._recordings(film)
        scores = final_scores(recordings)
        notes = (*facts.notes, *(note for note in map(_stop_note, recordings.values()) if note))
        return Artifact(
            path=path,
            size_px=facts.size_px,
            duration_s=facts.duration_s,
            frames=facts.frames,
            bytes=stored_bytes(path),
            scores=scores.of,
            score=scores.kind,
            split=scores.split,
            notes=notes,
            at=facts.at,
        )


def _failed(future: Future[Any]) -> bool:
    return future.exception() is not None


def _result(future: Future[Any], what: str) -> Any:
    """Take a task's result; what went wrong in it is told with what it was doing."""
    try:
        return future.result()
    except BrokenExecutor as error:
        raise _broken(error) from error
    except MemoryError as error:
        raise RenderError(f"{what}: out of memory") from error
    except EpochreelError as error:
        raise RenderError(f"{what}: {error}") from error


def _broken(error: BrokenExecutor) -> RenderError:
    return RenderError(
        "a worker process was killed or ran out of memory; nothing half-made is left, "
        "and --jobs 1 needs the least memory"
    )


def _film_label(film: _PlannedFilm) -> str:
    return f"{printable(film.scene.file.shown)}: rendering {shown_path(film.name)}"


def _stop_note(recording: Recording) -> str | None:
    if recording.stopped is None:
        return None
    return f"model '{recording.name}' stopped: {recording.stopped}; the film shows up to there"


def _cost(key: TrainingKey) -> int:
    return key[1].updates * key[1].parameter_count * (key[1].batch_size or 1000)


def _most_parts(timeline: Timeline, output: OutputSpec, preview: bool) -> int:
    # what fits is found by writing all of it, several times
    if output.max_bytes is not None or output.still:
        return 1
    return max(1, _pixels(timeline, output, preview) // PART_PIXELS)


def _pixels(timeline: Timeline, output: OutputSpec, preview: bool) -> int:
    width, height = output_size(output, preview=preview)
    return timeline.frame_count * width * height


def useful_jobs(files: Sequence[SceneFile], *, preview: bool = False) -> int:
    """Count the tasks that could run at a time; more processes would only cost their start.

    It is known before any data are made, so that processes can start meanwhile.
    """
    models = parts = 0
    for file in files:
        models += len(file.scene.models)
        timeline = expected_timeline(file.scene, preview=preview)
        parts += sum(_most_parts(timeline, output, preview) for output in file.scene.outputs)
    return max(models, parts)


def film_jobs(scene: PreparedScene, *, preview: bool = False) -> int:
    """Count the tasks that could run at a time when nothing is trained."""
    timeline = scene.timeline(preview=preview)
    return sum(_most_parts(timeline, output, preview) for output in scene.file.scene.outputs)
