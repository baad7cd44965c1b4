"""The ``[[panels]]`` table of kind ``curves``."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated

from epochreel.scenes.messages import Path, quoted
from epochreel.scenes.panel_specs.base import ManyModelsPanel
from epochreel.scenes.values import choice

if TYPE_CHECKING:
    from epochreel.nn.dataset import Dataset
    from epochreel.scenes.planning import TrainingPlan

__all__ = ["CurvesSpec"]

METRICS = ("loss", "accuracy", "r2", "gradient_norm", "learning_rate")
SPLITS = ("both", "train", "test")
OVER = ("updates", "epochs", "seconds")
SCALES = ("linear", "log")
FUTURES = ("none", "faint")


class CurvesSpec(ManyModelsPanel):
    """Curves of a training, as far as it has come: loss, accuracy, gradient norm, learning rate."""

    kind: str = "curves"
    metric: Annotated[str, choice(lambda: METRICS)] = "loss"
    splits: Annotated[str, choice(lambda: SPLITS)] = "both"
    x: Annotated[str, choice(lambda: OVER)] = "updates"
    x_scale: Annotated[str, choice(lambda: SCALES)] = "linear"
    y_scale: Annotated[str, choice(lambda: SCALES)] = "linear"
    future: Annotated[str, choice(lambda: FUTURES)] = "none"

    @property
    def recorded(self) -> tuple[str, ...]:
        """Gradient norm and learning rate are recorded only for those who draw them."""
        return (self.metric,) if self.metric in ("gradient_norm", "learning_rate") else ()

    @property
    def label(self) -> str:
        """What ``check`` calls it: also what the curves are of, as a scene may have several."""
        metric = "R²" if self.metric == "r2" else self.metric.replace("_", " ")
        return self.title or f"{metric}: {super().label}"

    @property
    def timed(self) -> bool:
        """Whether it shows the seconds that trainings took."""
        return self.x == "seconds"

    def refuse(
        self, index: int, shown: Sequence[tuple[int, TrainingPlan]], dataset: Dataset
    ) -> list[tuple[Path, str]]:
        """Refuse what isn't measured of such data."""
        wrong = "accuracy" if dataset.task == "regression" else "r2"
        if self.metric == wrong:
            text = f"can't be {quoted(wrong)} for a {dataset.task}"
            return [(("panels", index, "metric"), text)]
        if self.splits == "test" and not len(dataset.y_test) and not self.recorded:
            return [
                (("panels", index, "splits"), "must be 'train' without test samples, got 'test'")
            ]
        return []
