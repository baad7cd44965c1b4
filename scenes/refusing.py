"""What can't be asked of models, panels and their numbers, once the data are there."""

from __future__ import annotations

from collections.abc import Sequence
from math import ceil

from epochreel.nn.capture import Adaptive, Listed
from epochreel.nn.dataset import Dataset
from epochreel.render.moments import parse_at
from epochreel.scenes import limits
from epochreel.scenes.messages import Path, count, quoted
from epochreel.scenes.planning import TrainingPlan
from epochreel.scenes.problems import Problem
from epochreel.scenes.schema import Scene
from epochreel.scenes.training_spec import last_activations

__all__ = [
    "refuse_events",
    "refuse_numbers",
    "refuse_panels",
    "refuse_plan",
    "refuse_task",
    "refuse_whole",
]


def refuse_plan(plan: TrainingPlan, index: int, samples: int) -> list[Problem]:
    """Refuse trainings that are too long, or whose batches are too large."""
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


def refuse_task(plan: TrainingPlan, index: int, dataset: Dataset) -> list[Problem]:
    """Compare a model with what it is to learn."""
    model = ("models", index)
    problems = _refuse_layers(plan, dataset)
    classes = dataset.classes
    if problems:
        problems = [((*model, *where), text) for where, text in problems]
    elif dataset.task == "regression":
        pass
    elif plan.loss == "binary_crossentropy" and classes > 2:
        problems.append(((*model, "loss"), f"can't be '{plan.loss}' for data of {classes} classes"))
    elif plan.outputs != classes and (classes > 2 or plan.outputs > 1):
        text = f"must be {classes} in the last entry, one for each class, got {plan.outputs}"
        where = ("architecture", len(plan.layers) - 1, "output_dim")
        problems.append(((*model, *where), text))
    stopping = plan.early_stopping
    if stopping is not None and plan.regression and stopping.monitor.endswith("accuracy"):
        text = f"must be 'loss' or 'val_loss' for a regression, got '{stopping.monitor}'"
        problems.append(((*model, "early_stopping", "monitor"), text))
    elif stopping is not None and stopping.monitor.startswith("val_") and not len(dataset.y_test):
        text = f"must be 'loss' or 'accuracy' without test samples, got '{stopping.monitor}'"
        problems.append(((*model, "early_stopping", "monitor"), text))
    if isinstance(plan.capture, Listed) and plan.capture.moments:
        last = plan.capture.moments[-1]
        if last > plan.updates:
            text = f"must be ≤ {plan.updates}, the updates of this training, got {last}"
            where = ("capture", "updates", len(plan.capture.moments) - 1)
            problems.append(((*model, *where), text))
    return problems


def _refuse_layers(plan: TrainingPlan, dataset: Dataset) -> list[Problem]:
    """Compare inputs, outputs and loss with the data; places are within the model's table."""
    first, last = plan.layers[0], plan.layers[-1]
    where = ("architecture", len(plan.layers) - 1)
    if first.input_dim != dataset.features:
        text = f"must be {dataset.features}, one for each feature of the data"
        return [(("architecture", 0, "input_dim"), f"{text}, got {first.input_dim}")]
    if dataset.task == "regression":
        if plan.loss != "mean_squared_error":
            text = "must be 'mean_squared_error' for a regression"
            return [(("loss",), f"{text}, got {quoted(plan.loss)}")]
        if last.output_dim != 1:
            text = f"must be 1 in the last entry for a regression, got {last.output_dim}"
            return [((*where, "output_dim"), text)]
        if last.activation != "linear":
            text = "must be 'linear' in the last entry for a regression"
            return [((*where, "activation"), f"{text}, got {quoted(last.activation)}")]
        return []
    allowed = last_activations(plan.loss, last.output_dim)
    if last.activation not in allowed:
        names = " or ".join(map(quoted, allowed))
        text = f"must be {names} in the last entry, got {quoted(last.activation)}"
        return [((*where, "activation"), text)]
    return []


def refuse_panels(scene: Scene, plans: Sequence[TrainingPlan], dataset: Dataset) -> list[Problem]:
    """Refuse what a panel can't draw of its models or of the data."""
    by_name = {plan.name: (index, plan) for index, plan in enumerate(plans)}
    problems: dict[Problem, None] = {}
    for index, panel in enumerate(scene.shown):
        shown = [by_name[name] for name in panel.shows]
        problems.update(dict.fromkeys(panel.refuse(index, shown, dataset)))
    return list(problems)


def refuse_numbers(scene: Scene, dataset: Dataset) -> list[Problem]:
    """Refuse numbers that nothing will be measured for."""
    wrong, task = _unmeasured(dataset)
    problems: list[Problem] = [
        (
            ("panels", index, "numbers", place),
            f"must be one that {task} has, got {quoted(key)}",
        )
        for index, panel in enumerate(scene.panels)
        for place, key in enumerate(panel.measured)
        if key.endswith(wrong)
    ]
    if problems or len(dataset.y_test):
        return problems
    return [
        (
            ("panels", index, "numbers", place),
            f"must be one of the training data without test samples, got {quoted(key)}",
        )
        for index, panel in enumerate(scene.panels)
        for place, key in enumerate(panel.measured)
        if key.startswith("test_")
    ]


def refuse_events(scene: Scene, dataset: Dataset) -> list[Problem]:
    """Refuse to wait for what isn't measured: the accuracy of a regression, R² of classes."""
    wrong, task = _unmeasured(dataset)
    asked: list[tuple[Path, str | None]] = [
        (("captions", index, "event"), caption.event)
        for index, caption in enumerate(scene.captions)
    ]
    asked += [(("outputs", index, "at"), out.still) for index, out in enumerate(scene.outputs)]
    problems: list[Problem] = []
    for where, words in asked:
        event = parse_at(words).event if words is not None else None
        if event is not None and event.metric.endswith(wrong):
            text = f"must be of something that {task} has, got {quoted(words or '')}"
            problems.append((where, text))
    return problems


def _unmeasured(dataset: Dataset) -> tuple[str, str]:
    """Say which metric some data don't have, and what such data are."""
    if dataset.task == "regression":
        return "accuracy", "a regression"
    return "r2", "a classification"


def refuse_whole(plans: Sequence[TrainingPlan]) -> list[Problem]:
    """Refuse recordings that are too large together."""
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
