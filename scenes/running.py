"""One run: tasks handed over a few at a time, and what follows from how each ended."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from concurrent.futures import FIRST_COMPLETED, BrokenExecutor, Executor, Future, wait
from dataclasses import dataclass, field, replace
from typing import Any

from epochreel.nn.errors import EpochreelError
from epochreel.nn.recording import Recording
from epochreel.scenes.attempting import (
    Attempt,
    Attempted,
    Failure,
    attempted_by,
    has_failed,
    is_lost,
    is_whole,
)
from epochreel.scenes.batch_log import Journal
from epochreel.scenes.costing import training_seconds
from epochreel.scenes.executors import GRACE_S, Elsewhere, Link, Renewable, Settling, Stoppable
from epochreel.scenes.filenames import shown_path
from epochreel.scenes.interruptions import interruptions_deferred
from epochreel.scenes.messages import printable
from epochreel.scenes.outcomes import Artifact, Outcome, Status
from epochreel.scenes.preparing import PreparedScene
from epochreel.scenes.scheduling import Film, Join, Part, Schedule, Training, Work
from epochreel.scenes.scoring import final_scores
from epochreel.scenes.sidecars import data_record, model_records
from epochreel.scenes.storing import RecordingStore, as_named
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

__all__ = ["Run"]

MOST_KILLS = 2
"""What was amid its work when its worker was killed is tried once more."""

_KILLED = (
    "a worker process was killed or ran out of memory; nothing half-made is left, "
    "and --jobs 1 needs the least memory"
)


@dataclass(eq=False)
class Run:
    """Makes films; `on_outcome` is told what became of each as soon as that is known."""

    films: Sequence[Film]
    targets: Targets
    executor: Executor
    link: Link
    jobs: int
    preview: bool
    store: RecordingStore
    keep_going: bool
    on_outcome: Callable[[Outcome], None]
    journal: Journal
    outcomes: dict[Film, Outcome] = field(default_factory=dict[Film, Outcome])
    _running: dict[Future[Attempted], Work] = field(default_factory=dict[Future[Attempted], Work])
    _kills: Counter[Work] = field(default_factory=Counter[Work])
    _seconds: dict[Training, float] = field(default_factory=dict[Training, float])
    """Of trainings that ran, until they are counted for a film."""

    def __post_init__(self) -> None:
        """Order the work."""
        self._schedule = Schedule(self.films, self.jobs, self._find)

    def work(self) -> list[Outcome]:
        """Make all that can be made; what became of each, in the films' order."""
        self._tell_plan()
        if self._schedule.timed and isinstance(self.executor, Settling):
            self.executor.settle()
        while self._fill():
            # with a timeout, because a wait without one can't be interrupted on Windows
            done, _ = wait(self._running, timeout=0.5, return_when=FIRST_COMPLETED)
            if any(is_lost(future) for future in done):
                self._recover()
            else:
                self._end_all(done)
            if not self.keep_going and any(o.status == "failed" for o in self.outcomes.values()):
                self.stop()
                break
        for film in self.films:
            if film not in self.outcomes:
                self._close(film, "left out")
        return [self.outcomes[film] for film in self.films]

    def stop(self) -> None:
        """End what runs, and return when nothing does any more."""
        self.link.cancelled = True
        for future in self._running:
            future.cancel()
        if isinstance(self.executor, Stoppable):
            self.executor.stop()
        else:
            wait(self._running, timeout=GRACE_S)

    def _tell_plan(self) -> None:
        weights = {film.key: film.cost.seconds for film in self.films}
        scenes = {film.key: printable(film.scene.file.name) for film in self.films}
        for film in self.films:
            for training in film.trainings:
                weights[training.key] = training_seconds(training.plan)
                # one that is for several goes by the first
                scenes.setdefault(training.key, scenes[film.key])
        self.link.oversee("plan", weights, scenes, len(self.films))

    # what is handed over

    def _fill(self) -> bool:
        """Hand over what the executor may have, and say whether anything runs."""
        while len(self._running) < 2 * self._width():
            work = self._schedule.next(self._running.values())
            if work is None:
                break
            if isinstance(work, Film) and work.parts > 1:
                self._schedule.before_all(self._cut(work))
                continue
            try:
                future: Future[Attempted] = self._submit(work)
            except BrokenExecutor:
                self._recover(work)
                continue
            self._running[future] = work
            self._note(work, f"{work.label}: handed over")
            if future.done():  # where tasks run as they are submitted: end it first
                break
        return bool(self._running)

    def _width(self) -> int:
        """How many tasks run at a time; on a cluster workers come and go."""
        return self.executor.jobs if isinstance(self.executor, Elsewhere) else self.jobs

    def _submit(self, work: Work) -> Future[Attempted]:
        if isinstance(work, Training):
            path = self.store.path_for(work.store_key, alone=work.timed)
            job: Any = TrainingJob(work.key, work.plan, work.dataset, work.standardize, path)
            task: Any = train_model
        elif isinstance(work, Film):
            job = self._job(work)
            task = draw_still if work.output.still else make_film
        elif isinstance(work, Part):
            job, task = work.job, make_part
        else:
            job, task = work.jobs, join_film
        return self.executor.submit(Attempt(task, work.label), job, self.link)

    def _cut(self, film: Film) -> list[Part]:
        film.parts_left = film.parts
        job = self._job(film)
        return [Part(film, PartJob(job, index, film.parts)) for index in range(film.parts)]

    def _job(self, film: Film) -> FilmJob:
        return FilmJob(
            key=film.key,
            label=shown_path(film.name),
            scene=film.scene.file.scene,
            output=film.output,
            recordings=self._recordings(film),
            path=self.targets.partial(film.name),
            preview=self.preview,
        )

    # what comes back

    def _end_all(self, done: set[Future[Attempted]]) -> None:
        # what is finished by now stays, whatever else has failed meanwhile
        for future in sorted(done, key=has_failed):
            work = self._running.pop(future)
            if not future.cancelled():
                self._end(work, attempted_by(future))

    def _end(self, work: Work, attempted: Attempted) -> None:
        failure = attempted.failure
        if failure is not None and failure.cancelled:
            return  # the run is being stopped
        for note in attempted.notes:
            self._note(work, note)
        if failure is None:
            self._note(work, f"{work.label}: done in {attempted.seconds:.2f} s")
        if isinstance(work, Training):
            self._seconds[work] = attempted.seconds
            if failure is None:
                self._keep(work, attempted.value)
                return
            self._fail_all(work, failure)
            return
        film = work if isinstance(work, Film) else work.film
        film.seconds += attempted.seconds
        if film in self.outcomes:  # another part of it has failed
            self.targets.discard(film.name)
            return
        if failure is not None:
            self._fail(film, film.label, failure)
        elif isinstance(work, Part):
            film.parts_left -= 1
            if not film.parts_left:
                parts = tuple(PartJob(work.job.film, n, film.parts) for n in range(film.parts))
                self._schedule.before_all([Join(film, parts)])
        else:
            self._finish(film, attempted.value)

    def _find(self, training: Training) -> Recording | None:
        found = self.store.find(training.store_key, alone=training.timed)
        if found is not None:
            self._note(training, f"{training.label}: an earlier run has its recording")
            self.link.oversee("settle", training.key)
        return found

    def _keep(self, training: Training, recording: Recording) -> None:
        note = _stop_note(recording)
        if note:
            self.link.note(note)
            self._note(training, note)
        self.link.oversee("settle", training.key)
        self.store.keep(training.store_key, recording, alone=training.timed)
        self._schedule.trained(training, recording, len(self._running))

    def _finish(self, film: Film, facts: FilmFacts) -> None:
        # whoever keeps account of files does so before anything else happens
        with interruptions_deferred():
            try:
                artifact = self._artifact(film, facts)
            except EpochreelError as error:
                self._fail(film, film.label, Failure(str(error)))
                return
            self._close(film, "made", artifact=artifact)

    def _fail_all(self, training: Training, failure: Failure) -> None:
        """Fail all films of a training; one traceback does for each scene."""
        told: set[PreparedScene] = set()
        for film in self._schedule.films_of(training):
            again = replace(failure, traceback="") if film.scene in told else failure
            self._fail(film, training.label, again)
            told.add(film.scene)

    def _fail(self, film: Film, what: str, failure: Failure) -> None:
        """Say that a film can't be made, since `what` has failed."""
        for future, work in self._running.items():
            if isinstance(work, Part) and work.film is film:
                future.cancel()
        where = f"{printable(film.scene.file.label)}: {what}: "
        # without others to make, it doesn't matter what the worker was at
        # the hidden folder in which it was made is nobody's business
        hidden, final = self.targets.partial(film.name), self.targets.folder / film.name
        message = failure.message.replace(str(hidden), str(final))
        error = message if failure.killed and not self.keep_going else where + message
        self.targets.discard(film.name)
        self._close(film, "failed", error=error, traceback=failure.traceback)

    def _close(self, film: Film, status: Status, **more: Any) -> None:
        """Say what became of a film; its recordings may go."""
        for training in self._schedule.over(film):
            self.store.drop(training.store_key, alone=training.timed)
        seconds = film.seconds + sum(self._seconds.pop(t, 0.0) for t in film.trainings)
        outcome = Outcome(
            film.scene.file,
            film.output,
            film.name,
            status,
            seconds=seconds,
            reason=film.reason,
            **more,
        )
        self.outcomes[film] = outcome.without_poster()
        if status != "left out":
            self._settle(film)
        said = f"{shown_path(film.name)}: {status}"
        self._log(film, f"{said}: {outcome.error}" if outcome.error else said)
        if outcome.traceback:
            self._log(film, outcome.traceback, serious=True)
        try:
            self.on_outcome(outcome)
        except (EpochreelError, OSError) as error:  # the file itself is there
            self.link.note(f"{shown_path(film.name)}: {error}")
            self._log(film, str(error))
        self.link.oversee("tell", self.outcomes[film])

    def _settle(self, film: Film) -> None:
        self.link.oversee("settle", film.key)
        for training in film.trainings:
            if not self._schedule.needed(training):
                self.link.oversee("settle", training.key)

    def _note(self, work: Work, message: str) -> None:
        """Write into the logs of all scenes that a task works for."""
        if isinstance(work, Training):
            scenes = {film.scene: film for film in self._schedule.films_of(work)}
            for film in scenes.values():
                self._log(film, message)
        else:
            self._log(work if isinstance(work, Film) else work.film, message)

    def _log(self, film: Film, message: str, *, serious: bool = False) -> None:
        self.journal.write(film.scene.file, message, serious=serious)

    # workers that were killed

    def _recover(self, refused: Work | None = None) -> None:
        """Go on after a worker was killed: its pool is lost, and all that it had been given."""
        wait(self._running, timeout=GRACE_S)
        lost = {future: work for future, work in self._running.items() if not is_whole(future)}
        self._end_all(set(self._running).difference(lost))
        self._running.clear()
        guilty = list(lost.values())
        again: list[Work] = []
        if self.keep_going and isinstance(self.executor, Renewable):
            killed = set(self.executor.renew()) & set(lost)
            guilty = [work for future, work in lost.items() if future in killed] or guilty
            again = [work for work in lost.values() if work not in guilty]
        if refused is not None:
            (again if guilty else guilty).append(refused)
        for work in lost.values():
            also = "" if work in guilty else " beside it"
            self._note(work, f"{work.label}: lost, a worker process was killed{also}")
        self._kills.update(guilty)
        for work in guilty:
            renewed = self.keep_going and isinstance(self.executor, Renewable)
            if renewed and self._kills[work] < MOST_KILLS:
                again.append(work)
            else:
                self._give_up(work)
        self._schedule.before_all(again)

    def _give_up(self, work: Work) -> None:
        failure = Failure(_KILLED, killed=True)
        if isinstance(work, Training):
            self._fail_all(work, failure)
        else:
            film = work if isinstance(work, Film) else work.film
            if film not in self.outcomes:
                self._fail(film, film.label, failure)

    # what was made

    def _recordings(self, film: Film) -> dict[str, Recording]:
        trained = {
            plan.name: as_named(self._schedule.recordings[t], plan.name, film.scene.dataset)
            for plan, t in zip(film.scene.plans, film.trainings, strict=True)
        }
        return {**film.scene.recordings, **trained}

    def _artifact(self, film: Film, facts: FilmFacts) -> Artifact:
        path = self.targets.finish(film.name)
        recordings = self._recordings(film)
        scores = final_scores(
            {
                name: {key: float(values[-1]) for key, values in recording.metrics.items()}
                for name, recording in recordings.items()
            }
        )
        stops = (_stop_note(recording) for recording in recordings.values())
        return Artifact(
            path=path,
            size_px=facts.size_px,
            duration_s=facts.duration_s,
            frames=facts.frames,
            bytes=stored_bytes(path),
            scores=scores.of,
            score=scores.kind,
            split=scores.split,
            notes=(*facts.notes, *(note for note in stops if note)),
            at=facts.at,
            data=data_record(film.scene) if film.scene.plans else None,
            models=model_records(film.scene, recordings),
            poster=facts.poster,
        )


def _stop_note(recording: Recording) -> str | None:
    if recording.stopped is None:
        return None
    return f"model '{recording.name}' stopped: {recording.stopped}; the film shows up to there"
