"""What an engine can't do: looked at when a scene is read, before anything is trained."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from importlib.util import find_spec

from epochreel.nn.optimizers import OPTIMIZERS
from epochreel.nn.schedules import Schedule
from epochreel.scenes.engines import PACKAGES
from epochreel.scenes.messages import Path, describe
from epochreel.scenes.planning import TrainingPlan
from epochreel.scenes.problems import Problem

__all__ = ["LIMITS", "Limit", "refuse_engine"]


@dataclass(frozen=True)
class Limit:
    """One thing that an engine does only in some ways.

    Attributes
    ----------
    key : path
        Where a model's table says it.
    values : callable
        What a plan asks for; ``None`` and 0 are always allowed.
    allowed : sequence of str
        What can be had; without any the key isn't supported at all.
    """

    key: Path
    values: Callable[[TrainingPlan], Sequence[object]]
    allowed: Sequence[str] = ()


def _kind(plan: TrainingPlan) -> list[object]:
    return [name for name, kind in OPTIMIZERS.items() if kind is type(plan.optimizer)]


def _hidden(plan: TrainingPlan) -> list[object]:
    return [layer.activation for layer in plan.layers[:-1]]


def _of_optimizer(name: str) -> Limit:
    return Limit(("optimizer", name), lambda plan: [getattr(plan.optimizer, name)])


LIMITS: Mapping[str, tuple[Limit, ...]] = {
    "torch": (
        Limit(
            ("optimizer", "kind"), _kind,
            ("sgd", "momentum", "nesterov", "rmsprop", "adagrad", "adam", "adamw"),
        ),
    ),
    "sklearn": (
        Limit(("optimizer", "kind"), _kind, ("sgd", "momentum", "nesterov", "adam")),
        Limit(
            ("optimizer", "schedule"),
            lambda plan: [isinstance(plan.optimizer.learning_rate, Schedule)],
        ),
        *map(_of_optimizer, ("weight_decay", "clip_norm", "global_clip_norm", "clip_value")),
        Limit(
            ("loss",), lambda plan: [plan.loss],
            ("binary_crossentropy", "categorical_crossentropy"),
        ),
        Limit(("activation",), _hidden, ("relu", "tanh", "sigmoid", "linear")),
        Limit(("dropout",), lambda plan: plan.dropout),
        Limit(("regularization", "l1"), lambda plan: [plan.l1]),
    ),
}  # fmt: skip
"""Engine → what it does in some ways only, or not at all; an engine without an entry does all."""


def refuse_engine(plan: TrainingPlan, index: int) -> list[Problem]:
    """Find what a model's engine lacks.

    Parameters
    ----------
    plan : TrainingPlan
    index : int
        Of the model, in its scene.

    Returns
    -------
    list of (path, text)
    """
    model: Path = ("models", index)
    module, package = PACKAGES.get(plan.engine, ("", ""))
    if module and find_spec(module) is None:
        return [((*model, "engine"), f"{describe(plan.engine)} needs {package}")]
    if plan.engine == "sklearn" and plan.regression:
        text = "must be 'numpy', 'keras' or 'torch' for a regression, got 'sklearn'"
        return [((*model, "engine"), text)]
    problems: list[Problem] = []
    for limit in LIMITS.get(plan.engine, ()):
        for value in limit.values(plan):
            if not value or value in limit.allowed:
                continue
            text = f"isn't supported by engine {describe(plan.engine)}"
            if limit.allowed:
                allowed = ", ".join(map(describe, limit.allowed))
                text = (
                    f"must be one of {allowed} with engine {describe(plan.engine)}, "
                    f"got {describe(value)}"
                )
            problems.append(((*model, *limit.key), text))
            break
    if plan.engine == "sklearn":
        problems += [((*model, *key), text) for key, text in _unlike_sklearn(plan)]
    return problems


def _unlike_sklearn(plan: TrainingPlan) -> list[Problem]:
    """Find layers that an ``MLPClassifier`` can't have."""
    problems: list[Problem] = []
    hidden = [layer.activation for layer in plan.layers[:-1]]
    for number, activation in enumerate(hidden):
        if activation != hidden[0]:
            text = (
                f"must be {describe(hidden[0])}, as of all hidden layers, with engine 'sklearn', "
                f"got {describe(activation)}"
            )
            problems.append((("architecture", number, "activation"), text))
            break
    if plan.outputs == 2:
        text = "must be 'binary_crossentropy' for two classes with engine 'sklearn'"
        problems.append((("loss",), f"{text}, got {describe(plan.loss)}"))
    rate = plan.optimizer.learning_rate
    if not isinstance(rate, Schedule) and not rate:
        problems.append(
            (("optimizer", "learning_rate"), "must be > 0 with engine 'sklearn', got 0")
        )
    return problems
