"""From scenes to finished files: each model is trained once, each film made when it can be."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, BrokenExecutor, Executor, Future, wait
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import Any, Literal

from epochreel.nn.errors import EpochreelError, RenderError
from epochreel.nn.recording import Recording
from epochreel.scenes.building import output_name, output_size
from epochreel.scenes.data_spec import DataSpec
from epochreel.scenes.executors import GRACE_S, Link, Stoppable, uninterrupted
from epochreel.scenes.messages import printable
from epochreel.scenes.planning import TrainingPlan
from epochreel.scenes.preparing import PreparedScene
from epochreel.scenes.progress import Reporter
from epochreel.scenes.schema import OutputSpec
from epochreel.scenes.targets import Targets
from epochreel.scenes.tasks import (
    FilmFacts,
    FilmJob,
    PartJob,
    TrainingJob,
    join_film,
    make_film,
    make_part,
    train_model,
)

__all__ = ["Artifact", "render_scenes", "useful_jobs"]

TrainingKey = tuple[DataSpec, TrainingPlan]

PART_PIXELS = 100_000_000
"""A part of a film has at least so many, about a second's work; less isn't worth another worker."""


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
        Length of the file.
    accuracies : mapping
        Accuracy of each model at its last snapshot, by name.
    split : "test" or "train"
        What that was measured on; the training data where there is no test split.
    notes : tuple of str
        What a viewer should know, such as a training that stopped early, or how a file fits.
    """

    path: Path
    size_px: tuple[int, int]
    duration_s: float
    frames: int
    bytes: int
    accuracies: Mapping[str, float]
    split: Literal["test", "train"]
    notes: tuple[str, ...] = ()


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

    A model that stands in several scenes with the same data and training is trained once.

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
    film_count: int = 1
    recordings: dict[TrainingKey, Recording] = field(default_factory=dict[TrainingKey, Recording])
    running: dict[Future[Any], Work] = field(default_factory=dict[Future[Any], Work])
    parts: dict[_PlannedFilm, list[PartJob]] = field(
        default_factory=dict[_PlannedFilm, list[PartJob]]
    )
    """Those of each film that are still to be made."""

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
        self.film_count = len(films)
        made: dict[_PlannedFilm, Artifact] = {}
        waiting = list(films)
        self._submit_trainings(films)
        waiting = self._submit_ready(waiting)
        while self.running:
            # with a timeout, because a wait without one can't be interrupted on Windows
            done, _ = wait(self.running, timeout=0.5, return_when=FIRST_COMPLETED)
            for future in done:
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
            waiting = self._submit_ready(waiting)
        return [made[film] for film in films]

    def _submit_ready(self, waiting: list[_PlannedFilm]) -> list[_PlannedFilm]:
        """Submit the films whose models are all trained; give those that still wait."""
        ready = [film for film in waiting if all(key in self.recordings for key in film.trainings)]
        # the longest first, so that no worker is left alone with it at the end
        for film in sorted(ready, key=_pixels, reverse=True):
            self._submit_film(film, self.jobs // self.film_count)
        return [film for film in waiting if film not in ready]

    def stop(self) -> None:
        for future in self.running:
            future.cancel()
        if isinstance(self.executor, Stoppable):
            self.executor.stop()
        else:
            wait(self.running, timeout=GRACE_S)

    def _submit_trainings(self, films: Sequence[_PlannedFilm]) -> None:
        datasets = {scene.file.scene.data: scene.dataset for scene in self.scenes}
        keys = dict.fromkeys(key for film in films for key in film.trainings)
        for number, key in enumerate(sorted(keys, key=_cost, reverse=True)):
            data, plan = key
            job = TrainingJob(f"training {number}", plan, datasets[data], data.standardize)
            self.running[self._submit(train_model, job)] = key

    def _submit_film(self, film: _PlannedFilm, most_parts: int) -> None:
        job = FilmJob(
            key=f"film {film.name}",
            label=str(film.name),
            scene=film.scene.file.scene,
            output=film.output,
            recordings=self._recordings(film),
            path=self.targets.partial(film.name),
            preview=self.preview,
        )
        parts = min(most_parts, _most_parts(film.scene, film.output, preview=self.preview))
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

    def _say_what_stopped(self, recording: Recording) -> None:
        note = _stop_note(recording)
        if note:
            self.link.note(note)

    def _recordings(self, film: _PlannedFilm) -> dict[str, Recording]:
        trained = {key[1].name: self.recordings[key] for key in film.trainings}
        return {**film.scene.recordings, **trained}

    def _artifact(self, film: _PlannedFilm, facts: FilmFacts) -> Artifact:
        path = self.targets.finish(film.name)
        recordings = self._recordings(film).values()
        measured = any("test_accuracy" in recording.metrics for recording in recordings)
        split = "test" if measured else "train"
        notes = (*facts.notes, *(note for note in map(_stop_note, recordings) if note))
        return Artifact(
            path=path,
            size_px=facts.size_px,
            duration_s=facts.duration_s,
            frames=facts.frames,
            bytes=path.stat().st_size,
            accuracies={
                name: float(recording.metrics[f"{split}_accuracy"][-1])
                for name, recording in self._recordings(film).items()
                if f"{split}_accuracy" in recording.metrics
            },
            split=split,
            notes=notes,
        )


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
    return f"{printable(film.scene.file.shown)}: rendering {film.name}"


def _stop_note(recording: Recording) -> str | None:
    if recording.stopped is None:
        return None
    return f"model '{recording.name}' stopped: {recording.stopped}; the film shows up to there"


def _cost(key: TrainingKey) -> int:
    return key[1].updates * key[1].parameter_count * (key[1].batch_size or 1000)


def _pixels(film: _PlannedFilm) -> int:
    width, height = film.output.size
    return width * height


def _most_parts(scene: PreparedScene, output: OutputSpec, *, preview: bool) -> int:
    if output.max_bytes is not None:  # what fits is found by writing all of it, several times
        return 1
    width, height = output_size(output, preview=preview)
    frames = scene.timeline(preview=preview).frame_count
    return max(1, frames * width * height // PART_PIXELS)


def useful_jobs(scenes: Sequence[PreparedScene], *, preview: bool = False) -> int:
    """Count the tasks that could run at a time; more processes would only cost their start."""
    models = sum(len(scene.plans) for scene in scenes)
    parts = sum(
        _most_parts(scene, output, preview=preview)
        for scene in scenes
        for output in scene.file.scene.outputs
    )
    return max(models, parts)
