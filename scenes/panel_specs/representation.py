"""The ``[[panels]]`` table of kind ``representation``."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated, Any

from epochreel.scenes.messages import Path
from epochreel.scenes.panel_specs.base import OneModelPanel, refuse_regression
from epochreel.scenes.values import choice

if TYPE_CHECKING:
    from epochreel.nn.dataset import Dataset
    from epochreel.scenes.planning import TrainingPlan

__all__ = ["RepresentationSpec"]

POINTS = ("test", "train")


class RepresentationSpec(OneModelPanel):
    """The last hidden layer's space, with the points moving through it."""

    kind: str = "representation"
    points: Annotated[str, choice(lambda: POINTS)] = "test"
    trails: bool = False

    def refuse(
        self, index: int, shown: Sequence[tuple[int, TrainingPlan]], dataset: Dataset
    ) -> list[tuple[Path, str]]:
        """Refuse networks whose last hidden layer isn't a plane at least, and regressions."""
        if dataset.task == "regression":
            return refuse_regression(index, self.kind)
        for model, plan in shown:
            if len(plan.layers) < 2:
                return [(("models", model, "layers"), "must have one layer for a representation")]
            units = plan.layers[-2].output_dim
            if units < 2:
                text = f"must end with 2 units or more for a representation, got {units}"
                return [(("models", model, "layers"), text)]
        return []

    def options(self) -> dict[str, Any]:
        """Say ``points`` as the panel calls it."""
        options = super().options()
        options["show_points"] = options.pop("points")
        return options
