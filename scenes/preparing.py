"""What must be right before anything is trained: the data, and the sizes of the whole."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from math import ceil

from epochreel.nn.capture import Adaptive, Listed
from epochreel.nn.dataset import Dataset
from epochreel.nn.errors import InvalidInputError, SceneError
from epochreel.nn.recording import Recording
from epochreel.render.timeline import Timeline
from epochreel.scenes import limits
from epochreel.scenes.building import build_dataset, plan_film
from epochreel.scenes.data_spec import CsvData, DataSpec
from epochreel.scenes.engine_limits import refuse_engine
from epochreel.scenes.filenames import collision_key
from epochreel.scenes.loading import SceneFile, read_scene
from epochreel.scenes.messages import count, printable, quoted
from epochreel.scenes.planning import TrainingPlan, plan_training
from epochreel.scenes.problems import Problem
from epochreel.scenes.schema import Scene

__all__ = ["PreparedScene", "load_scenes", "prepare_scene"]

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


def load_scenes(arguments: Sequence[str]) -> list[PreparedScene]:
    """Find, read, validate and prepare scenes, all of them before any is worked on.

    Parameters
    ----------
    arguments : sequence of str
        Paths of scene files, or names of ready-made scenes. A file named twice counts once.

    Returns
    -------
    list of PreparedScene

    Raises
    ------
    SceneError
        With all problems of all files, each on one line.
    """
    prepared: list[PreparedScene] = []
    problems: list[str] = []
    datasets: dict[DataSpec, Dataset] = {}
    seen: set[object] = set()
    for argument in arguments:
        try:
            file = read_scene(argument)
            where = file.path.resolve()
            if where not in seen:
                seen.add(where)
                prepared.append(prepare_scene(file, datasets))
        except SceneError as error:
            problems.extend(error.problems)
    problems.extend(_shared_files(prepared))
    if problems:
        raise SceneError(*dict.fromkeys(problems))
    return prepared


def prepare_scene(
    file: SceneFile, datasets: dict[DataSpec, Dataset] | None = None
) -> PreparedScene:
    """Make a scene's data and settle its trainings.

    Parameters
    ----------
    file : SceneFile
    datasets : dict, optional
        Data that was made before; what is made is added.

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
            known[spec] = build_dataset(spec)
    except InvalidInputError as error:
        raise file.refuse([_data_problem(error, spec)]) from error
    dataset = known[spec]
    samples = len(dataset.y_train)
    plans = tuple(plan_training(model, samples, dataset.classes) for model in file.scene.models)
    problems = [
        problem
        for index, plan in enumerate(plans)
        for problem in (
            _refuse_plan(plan, index, samples)
            + _refuse_task(plan, index, dataset)
            + refuse_engine(plan, index)
        )
    ]
    problems = problems or _refuse_panels(file.scene, plans, dataset.classes)
    problems = problems or _refuse_whole(plans)
    if not problems:
        prepared = PreparedScene(file, dataset, plans)
        problems = _refuse_frames(prepared)
        if not problems:
            return prepared
    raise file.refuse(problems)


def _data_problem(error: InvalidInputError, spec: DataSpec) -> Problem:
    """Take the key out of a message, so that its line can be found."""
    message = printable(str(error))
    if len(message) > LONGEST_MESSAGE:  # a cell of a CSV file may hold a book
        message = message[:LONGEST_MESSAGE] + "…"
    key = _KEY.match(message)
    if key is None or key.group(1) not in type(spec).model_fields:
        return ("data", "path") if isinstance(spec, CsvData) else ("data",), message
    return ("data", key.group(1)), message[key.end() :]


def _refuse_plan(plan: TrainingPlan, index: int, samples: int) -> list[Problem]:
    model = ("models", index)
    if plan.updates > limits.MAX_ITERATIONS:
        return [
            (
                (*model, "epochs"),
                f"must give at most {count(limits.MAX_ITERATIONS, 'update')}, "
                f"got {count(plan.updates, 'update')}",
            )
        ]
    if plan.snapshots > limits.MAX_FRAMES and plan.every is not None:
        least = ceil(plan.every * plan.snapshots / limits.MAX_FRAMES)
        return [
            (
                (*model, "capture", "every"),
                f"must give at most {count(limits.MAX_FRAMES, 'snapshot')}, so be ≥ {least} here, "
                f"got {plan.every}",
            )
        ]
    batch = plan.batch_size or samples
    if batch * plan.unit_count > limits.MAX_BATCH_VALUES:
        return [
            (
                (*model, "batch_size"),
                f"must be at most {limits.MAX_BATCH_VALUES // plan.unit_count} for layers of "
                f"{count(plan.unit_count, 'unit')} in all (samples × units ≤ "
                f"{limits.MAX_BATCH_VALUES}), got {batch}",
            )
        ]
    return []


def _refuse_task(plan: TrainingPlan, index: int, dataset: Dataset) -> list[Problem]:
    """Compare a model with what it is to learn."""
    model = ("models", index)
    problems: list[Problem] = []
    classes = dataset.classes
    if plan.loss == "binary_crossentropy" and classes > 2:
        problems.append(((*model, "loss"), f"can't be '{plan.loss}' for data of {classes} classes"))
    elif plan.outputs != classes and (classes > 2 or plan.outputs > 1):
        text = f"must be {classes} in the last entry, one for each class, got {plan.outputs}"
        where = ("architecture", len(plan.layers) - 1, "output_dim")
        problems.append(((*model, *where), text))
    stopping = plan.early_stopping
    if stopping is not None and stopping.monitor.startswith("val_") and not len(dataset.y_test):
        text = f"must be 'loss' or 'accuracy' without test samples, got '{stopping.monitor}'"
        problems.append(((*model, "early_stopping", "monitor"), text))
    if isinstance(plan.capture, Listed) and plan.capture.moments:
        last = plan.capture.moments[-1]
        if last > plan.updates:
            text = f"must be ≤ {plan.updates}, the updates of this training, got {last}"
            where = ("capture", "updates", len(plan.capture.moments) - 1)
            problems.append(((*model, *where), text))
    return problems


def _refuse_panels(scene: Scene, plans: Sequence[TrainingPlan], classes: int) -> list[Problem]:
    """Refuse models whose outputs a panel can't draw."""
    shown = {panel.model for panel in scene.shown if panel.kind == "boundary"}
    for index, plan in enumerate(plans):
        if plan.outputs > 1 and plan.name in shown:
            drawn = "boundary panels, which draw the probability of one of two classes"
            if classes > 2:
                return [(("data", "classes"), f"must be 2 for {drawn}, got {classes}")]
            text = f"can't be '{plan.loss}' for {drawn}, as it has an output for each"
            return [(("models", index, "loss"), text)]
    return []


def _refuse_whole(plans: Sequence[TrainingPlan]) -> list[Problem]:
    # an adaptive capture keeps twice as many on its way
    rooms = [plan.snapshots * (1 + isinstance(plan.capture, Adaptive)) for plan in plans]
    values = [room * plan.parameter_count for room, plan in zip(rooms, plans, strict=True)]
    if sum(values) <= limits.MAX_RECORDED_VALUES:
        return []
    index = values.index(max(values))
    plan = plans[index]
    return [
        (
            ("models", index, "capture"),
            f"must keep at most {count(limits.MAX_RECORDED_VALUES, 'number')} in all "
            f"(snapshots × parameters of all models), got {count(sum(values), 'number')}, most of "
            f"them from {count(rooms[index], 'snapshot')} × "
            f"{count(plan.parameter_count, 'parameter')}; keep fewer snapshots",
        )
    ]


def _refuse_frames(scene: PreparedScene) -> list[Problem]:
    timeline, captions = scene.timeline(), scene.file.scene.captions
    frames = timeline.frame_count + sum(round(entry.hold * timeline.fps) for entry in captions)
    if frames <= limits.MAX_FRAMES:
        return []
    return [
        (
            ("timeline",),
            f"must give at most {count(limits.MAX_FRAMES, 'frame')}, holds included, "
            f"got {count(frames, 'frame')}; set max_frames, or hold shorter",
        )
    ]


def _shared_files(scenes: Sequence[PreparedScene]) -> list[str]:
    """Find output files that two scenes of one call would both write."""
    makers: dict[str, PreparedScene] = {}
    problems: list[str] = []
    for scene in scenes:
        for index, output in enumerate(scene.file.scene.outputs):
            first = makers.setdefault(collision_key(output.file), scene)
            if first is not scene:
                text = (
                    f"must differ from the files of the other scenes, "
                    f"got {quoted(output.file)} which {first.file.shown} makes too"
                )
                refused = scene.file.refuse([(("outputs", index, "file"), text)])
                problems.extend(refused.problems)
    return problems
