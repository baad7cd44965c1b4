"""What must be right before anything is trained: the data, and the sizes of the whole."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from math import ceil

from epochreel.nn.dataset import Dataset
from epochreel.nn.errors import InvalidInputError, RenderError, SceneError
from epochreel.nn.recording import Recording
from epochreel.render.moments import parse_at
from epochreel.render.timeline import Timeline
from epochreel.scenes import limits
from epochreel.scenes.building import build_dataset, plan_film
from epochreel.scenes.clashes import find_clashes
from epochreel.scenes.data_spec import CsvData, DataSpec
from epochreel.scenes.engine_limits import refuse_engine
from epochreel.scenes.gathering import read_scenes
from epochreel.scenes.loading import SceneFile, read_scene
from epochreel.scenes.messages import count, printable, quoted
from epochreel.scenes.overriding import Setting
from epochreel.scenes.planning import TrainingPlan, plan_training
from epochreel.scenes.problems import Problem
from epochreel.scenes.refusing import (
    refuse_events,
    refuse_numbers,
    refuse_panels,
    refuse_plan,
    refuse_task,
    refuse_whole,
)
from epochreel.scenes.schema import Scene

__all__ = [
    "PreparedScene",
    "expected_timeline",
    "load_scene",
    "load_scenes",
    "prepare_scene",
    "prepare_scenes",
]

LONGEST_MESSAGE = 300
_KEY = re.compile(r"([a-z_]+): ")


@dataclass(frozen=True, eq=False)
class PreparedScene:
    """A scene with its data and with nothing left open.

    Attributes
    ----------
    file : SceneFile
    dataset : Dataset
    plans : tuple of TrainingPlan
        One for each model, in the scene's order.
    recordings : mapping
        By model name, those of models that needn't be trained any more.
    """

    file: SceneFile
    dataset: Dataset
    plans: tuple[TrainingPlan, ...]
    recordings: Mapping[str, Recording] = field(default_factory=dict[str, Recording])

    def timeline(self, *, preview: bool = False) -> Timeline:
        """Plan the film, as it will be when no training stops early."""
        snapshots = {plan.name: plan.snapshots for plan in self.plans}
        snapshots |= {name: len(recording) for name, recording in self.recordings.items()}
        return plan_film(self.file.scene.timeline, snapshots, preview=preview)

    def frame_counts(self, *, preview: bool = False) -> tuple[int, int]:
        """Count the film's frames with all holds, if no training stops early.

        Parameters
        ----------
        preview : bool

        Returns
        -------
        tuple of int
            As many as are sure, and as many as there are if all events of captions come.
        """
        timeline, captions = self.timeline(preview=preview), self.file.scene.captions
        plans = {plan.name: plan for plan in self.plans}
        least = timeline.frame_count
        for caption in captions:
            plan = plans[caption.model] if caption.model is not None else self.plans[0]
            if caption.update is not None:
                comes = caption.update <= plan.updates
            else:
                comes = caption.epoch is not None and caption.epoch <= self._epochs(plan)
            least += comes * round(caption.hold * timeline.fps)
        events = (caption.hold for caption in captions if caption.event is not None)
        most = least + sum(round(hold * timeline.fps) for hold in events)
        # a time is the finished film's: each hold may let later ones come
        timed = [(entry.time, entry.hold) for entry in captions if entry.time is not None]
        for time_s, hold in sorted(timed):
            least += (round(time_s * timeline.fps) < least) * round(hold * timeline.fps)
            most += (round(time_s * timeline.fps) < most) * round(hold * timeline.fps)
        return least, most

    def _epochs(self, plan: TrainingPlan) -> float:
        samples = len(self.dataset.y_train)
        return plan.updates / ceil(samples / (plan.batch_size or samples))


def load_scenes(
    arguments: Sequence[str], *, only: Sequence[str] = (), settings: Sequence[Setting] = ()
) -> list[PreparedScene]:
    """Find, read, validate and prepare scenes, all of them before any is worked on.

    Parameters
    ----------
    arguments, only, settings
        As for :func:`~epochreel.scenes.gathering.read_scenes`.

    Returns
    -------
    list of PreparedScene

    Raises
    ------
    SceneError
        With all problems of all files, each on one line.
    """
    return prepare_scenes(*read_scenes(arguments, only=only, settings=settings))


def load_scene(argument: str) -> PreparedScene:
    """Find, read, validate and prepare one scene; a file with a ``[sweep]`` is several."""
    return prepare_scenes([read_scene(argument)])[0]


def prepare_scenes(
    files: Sequence[SceneFile],
    problems: Sequence[str] = (),
    *,
    make: Callable[[DataSpec], Dataset] = build_dataset,
) -> list[PreparedScene]:
    """Prepare scenes, all of them before any is worked on.

    Parameters
    ----------
    files : sequence of SceneFile
    problems : sequence of str
        Those that were found before, to be told with the others.
    make : callable
        Makes the data.

    Returns
    -------
    list of PreparedScene

    Raises
    ------
    SceneError
        With all problems of all files, each on one line.
    """
    prepared: list[PreparedScene] = []
    found = list(problems)
    datasets: dict[DataSpec, Dataset] = {}
    for file in files:
        try:
            prepared.append(prepare_scene(file, datasets, make=make))
        except SceneError as error:
            found.extend(error.problems)
    found.extend(find_clashes([scene.file for scene in prepared]))
    if found:
        raise SceneError(*dict.fromkeys(found))
    return prepared


def expected_timeline(scene: Scene, *, preview: bool = False) -> Timeline:
    """Plan a film before there are data.

    That is right but for batches of a CSV file, whose rows nobody has counted by then, and for what
    :func:`prepare_scene` refuses.
    """
    data = scene.data
    samples = data.expected_samples
    samples -= min(samples - 1, ceil(samples * data.test_fraction))
    plans = [plan_training(model, samples, 2) for model in scene.models]
    snapshots = {plan.name: min(plan.snapshots, limits.MAX_FRAMES) for plan in plans}
    return plan_film(scene.timeline, snapshots, preview=preview)


def prepare_scene(
    file: SceneFile,
    datasets: dict[DataSpec, Dataset] | None = None,
    *,
    make: Callable[[DataSpec], Dataset] = build_dataset,
) -> PreparedScene:
    """Make a scene's data and settle its trainings.

    Parameters
    ----------
    file : SceneFile
    datasets : dict, optional
        Data that was made before; what is made is added.
    make : callable
        Makes the data.

    Returns
    -------
    PreparedScene

    Raises
    ------
    SceneError
        When the data can't be made, or the whole is larger than any part alone shows.
    """
    known = {} if datasets is None else datasets
    spec = file.scene.data
    try:
        if spec not in known:
            known[spec] = make(spec)
    except InvalidInputError as error:
        raise file.refuse([_data_problem(error, spec)]) from error
    except RenderError as error:
        raise RenderError(f"{printable(file.label)}: {error}") from error
    dataset = known[spec]
    samples = len(dataset.y_train)
    plans = tuple(
        plan_training(model, samples, dataset.classes, dataset.features)
        for model in file.scene.models
    )
    problems = [
        problem
        for index, plan in enumerate(plans)
        for problem in (
            refuse_plan(plan, index, samples)
            + refuse_task(plan, index, dataset)
            + refuse_engine(plan, index)
        )
    ]
    problems = problems or refuse_panels(file.scene, plans, dataset)
    problems = problems or refuse_numbers(file.scene, dataset)
    problems = problems or refuse_events(file.scene, dataset)
    problems = problems or refuse_whole(plans)
    if not problems:
        prepared = PreparedScene(file, dataset, tuple(_measuring(plans, file.scene)))
        problems = _refuse_frames(prepared) or _refuse_moments(prepared)
        if not problems:
            return prepared
    raise file.refuse(problems)


def _measuring(plans: Sequence[TrainingPlan], scene: Scene) -> Iterator[TrainingPlan]:
    """Let what panels show be recorded, and nothing else: it takes its time."""
    for plan in plans:
        yield replace(plan, measures=scene.measures_of(plan.name))


def _data_problem(error: InvalidInputError, spec: DataSpec) -> Problem:
    """Take the key out of a message, so that its line can be found."""
    message = printable(str(error))
    if len(message) > LONGEST_MESSAGE:  # a cell of a CSV file may hold a book
        message = message[:LONGEST_MESSAGE] + "…"
    key = _KEY.match(message)
    if key is None or key.group(1) not in type(spec).model_fields:
        return ("data", "path") if isinstance(spec, CsvData) else ("data",), message
    return ("data", key.group(1)), message[key.end() :]


def _refuse_frames(scene: PreparedScene) -> list[Problem]:
    _, frames = scene.frame_counts()
    if frames <= limits.MAX_FRAMES:
        return []
    return [
        (
            ("timeline",),
            f"must give at most {count(limits.MAX_FRAMES, 'frame')}, holds included, "
            f"got {count(frames, 'frame')}; set max_frames, or hold shorter",
        )
    ]


def _refuse_moments(scene: PreparedScene) -> list[Problem]:
    """Refuse stills of moments that lie past the end even of a training that goes its whole way."""
    plan, timeline = scene.plans[0], scene.timeline()
    batch = plan.batch_size or len(scene.dataset.y_train)
    last = {
        "update": float(plan.updates),
        "epoch": plan.updates / ceil(len(scene.dataset.y_train) / batch),
        "time": timeline.duration_s + sum(entry.hold for entry in scene.file.scene.captions),
    }
    problems: list[Problem] = []
    for index, output in enumerate(scene.file.scene.outputs):
        at = parse_at(output.still or "last")
        if at.value > last.get(at.unit, 1):
            end = f"{last[at.unit]:g} s" if at.unit == "time" else f"{at.unit}:{last[at.unit]:.8g}"
            of = "the film" if at.unit == "time" else quoted(plan.name)
            text = f"must be at most {end}, the end of {of}, got {quoted(output.still or '')}"
            problems.append((("outputs", index, "at"), text))
    return problems
