"""Which task of a run goes next.

Films go before trainings, so recordings are held only until their films are made, however many
scenes there are. Trainings go scene by scene, the longest scene first, so that no worker is left
alone with it at the end. Those whose seconds are shown go before all others, one at a time, with
nothing beside them; every so often they wait until the films of their recordings are made.
"""

from __future__ import annotations

from bisect import insort
from collections import Counter, deque
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field
from pathlib import PurePosixPath

from epochreel.nn.dataset import Dataset
from epochreel.nn.recording import Recording
from epochreel.scenes.costing import FilmCost, training_seconds
from epochreel.scenes.filenames import shown_path
from epochreel.scenes.planning import TrainingPlan
from epochreel.scenes.preparing import PreparedScene
from epochreel.scenes.schema import OutputSpec
from epochreel.scenes.sharing import share_out
from epochreel.scenes.tasks import PartJob

__all__ = ["Film", "Join", "Part", "Schedule", "Training", "Work"]

MOST_HELD = 16
"""So many recordings of timed trainings are held before their films are made."""


@dataclass(frozen=True, eq=False)
class Training:
    """A training that one or more films need.

    Attributes
    ----------
    key : str
        What progress calls it.
    plan : TrainingPlan
    dataset : Dataset
    standardize : bool
    store_key : str
        What the store of recordings calls it.
    timed : bool
        Its seconds are shown, so they must be its own: nothing runs beside it.
    """

    key: str
    plan: TrainingPlan
    dataset: Dataset
    standardize: bool
    store_key: str
    timed: bool

    @property
    def label(self) -> str:
        """What messages call it."""
        return f"training {self.plan.name}"


@dataclass(eq=False)
class Film:
    """A film or a still that is to be made."""

    scene: PreparedScene
    output: OutputSpec
    name: PurePosixPath
    reason: str
    trainings: tuple[Training, ...]
    cost: FilmCost
    parts: int = 1
    parts_left: int = 0
    """How many of its parts aren't made yet, once it was begun."""
    seconds: float = 0.0
    missing: set[Training] = field(default_factory=set[Training])

    def __post_init__(self) -> None:
        """Miss all trainings."""
        self.missing = set(self.trainings)

    @property
    def key(self) -> str:
        """What progress calls it."""
        return f"film {self.name}"

    @property
    def label(self) -> str:
        """What messages call it."""
        return f"rendering {shown_path(self.name)}"

    @property
    def urgency(self) -> tuple[int, int]:
        """Least for what takes longest."""
        return -self.cost.pixels, -len(self.scene.file.scene.panels)


@dataclass(frozen=True, eq=False)
class Part:
    """A part of a film."""

    film: Film
    job: PartJob

    @property
    def label(self) -> str:
        """What messages call it."""
        return f"{self.film.label}, part {self.job.index + 1}"


@dataclass(frozen=True, eq=False)
class Join:
    """The parts of a film, all made, that are to be joined."""

    film: Film
    jobs: tuple[PartJob, ...]

    @property
    def label(self) -> str:
        """What messages call it."""
        return f"{self.film.label}, its parts joined"


Work = Training | Film | Part | Join


class Schedule:
    """What is still to be done, and which of it goes next.

    Parameters
    ----------
    films : sequence of Film
    jobs : int
        How many tasks run at a time.
    find : callable
        Gives the recording of a training that needn't run, if there is one.
    """

    def __init__(
        self, films: Sequence[Film], jobs: int, find: Callable[[Training], Recording | None]
    ) -> None:
        self._jobs = jobs
        self._find = find
        self._films_of: dict[Training, list[Film]] = {}
        for film in films:
            for training in dict.fromkeys(film.trainings):  # two of its models may be alike
                self._films_of.setdefault(training, []).append(film)
        self._timed = deque(t for t in self._films_of if t.timed)
        self._untimed = deque(_longest_scene_first(films))
        self._filming = False
        self._first: deque[Work] = deque()
        self._ready: list[Film] = []
        self._needed = Counter(t for film in films for t in film.trainings)
        self._over: set[Film] = set()
        self.recordings: dict[Training, Recording] = {}
        self._get_ready([film for film in films if not film.missing], 0)

    @property
    def timed(self) -> bool:
        """Whether trainings wait that nothing may disturb."""
        return bool(self._timed)

    def next(self, running: Collection[Work]) -> Work | None:
        """Take what goes next beside what runs; ``None`` when that must wait or nothing is left."""
        if any(isinstance(work, Training) and work.timed for work in running):
            return None
        while self._first:
            work = self._first[0]
            if isinstance(work, Training):
                if not self._needed[work]:
                    self._first.popleft()
                    continue
                if work.timed and running:
                    return None
            elif (work if isinstance(work, Film) else work.film) in self._over:
                self._first.popleft()
                continue
            return self._first.popleft()
        while True:
            if self._timed and not self._filming:
                if running:
                    return None
                self._filming = len(self.recordings) >= MOST_HELD and bool(self._ready)
                if self._filming:
                    continue
                training = self._take(self._timed, running)
                if training is not None:
                    return training
                continue
            while self._ready:
                film = self._ready.pop(0)
                if film not in self._over:
                    return film
            if not self._timed:
                if not self._untimed:
                    return None
                training = self._take(self._untimed, running)
                if training is not None:
                    return training
                continue
            if running:
                return None
            self._filming = False

    def trained(self, training: Training, recording: Recording, running: int) -> None:
        """Hold a recording; films that miss nothing more are ready, beside `running` tasks."""
        if not self._needed[training]:
            return
        self.recordings[training] = recording
        ready: list[Film] = []
        for film in self._films_of[training]:
            film.missing.discard(training)
            if not film.missing and film not in self._over:
                ready.append(film)
        self._get_ready(ready, running)

    def films_of(self, training: Training) -> list[Film]:
        """Give the films that wait for a training."""
        return [film for film in self._films_of[training] if film not in self._over]

    def over(self, film: Film) -> list[Training]:
        """Drop a film that is made or has failed, and recordings of which no film is left.

        Returns
        -------
        list of Training
            Those whose recordings were dropped.
        """
        self._over.add(film)
        dropped: list[Training] = []
        for training in film.trainings:
            self._needed[training] -= 1
            if not self._needed[training] and self.recordings.pop(training, None) is not None:
                dropped.append(training)
        return dropped

    def needed(self, training: Training) -> bool:
        """Say whether any film still needs a training."""
        return self._needed[training] > 0

    def before_all(self, works: Sequence[Work]) -> None:
        """Put some work before all else, in this order."""
        self._first.extendleft(reversed(works))

    def _take(self, trainings: deque[Training], running: Collection[Work]) -> Training | None:
        """Take the next training, if it must run; if it was found, films may be ready instead."""
        training = trainings.popleft()
        if not self._needed[training]:
            return None
        found = self._find(training)
        if found is None:
            return training
        self.trained(training, found, len(running))
        return None

    def _get_ready(self, films: list[Film], running: int) -> None:
        # the longest first, so that no worker is left alone with it at the end
        films.sort(key=lambda film: film.urgency)
        shares = share_out(
            [film.cost.pixels for film in films],
            [film.cost.most_parts for film in films],
            max(1, self._jobs - running),
        )
        for film, parts in zip(films, shares, strict=True):
            film.parts = parts
            insort(self._ready, film, key=lambda film: film.urgency)


def _longest_scene_first(films: Sequence[Film]) -> list[Training]:
    """Order what isn't timed: those of a scene together, or its films would wait for the rest."""
    seconds: dict[PreparedScene, float] = {}
    trainings: dict[PreparedScene, dict[Training, float]] = {}
    for film in films:
        own = trainings.setdefault(film.scene, {})
        own.update((t, training_seconds(t.plan)) for t in film.trainings if not t.timed)
        seconds[film.scene] = seconds.get(film.scene, 0.0) + film.cost.seconds
    for scene, own in trainings.items():
        seconds[scene] += sum(own.values())
    ordered: dict[Training, None] = {}
    for scene in sorted(trainings, key=lambda scene: seconds[scene], reverse=True):
        own = trainings[scene]
        ordered.update(dict.fromkeys(sorted(own, key=lambda t: own[t], reverse=True)))
    return list(ordered)
