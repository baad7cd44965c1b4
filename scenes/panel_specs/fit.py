"""The ``[[panels]]`` table of kind ``fit``."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated, Any

from epochreel.scenes.messages import Path
from epochreel.scenes.panel_specs.base import NumberedPanel
from epochreel.scenes.values import choice

if TYPE_CHECKING:
    from epochreel.nn.dataset import Dataset
    from epochreel.scenes.planning import TrainingPlan

__all__ = ["FitSpec"]

POINTS = ("both", "train", "test", "none")


class FitSpec(NumberedPanel):
    """A regression over one feature: the curve that bends to the data."""

    kind: str = "fit"
    points: Annotated[str, choice(lambda: POINTS)] = "both"
    residuals: bool = False
    truth: bool = True

    def refuse(
        self, index: int, shown: Sequence[tuple[int, TrainingPlan]], dataset: Dataset
    ) -> list[tuple[Path, str]]:
        """Refuse classes, and more than one feature."""
        if dataset.task != "regression":
            text = "can't be 'fit' for a classification; it draws a regression"
        elif dataset.features != 1:
            text = f"can't be 'fit' for data of {dataset.features} features; it draws one"
        else:
            return []
        return [(("panels", index, "kind"), text)]

    def options(self) -> dict[str, Any]:
        """Say ``points`` as the panel calls it."""
        options = super().options()
        options["show_points"] = options.pop("points")
        return options
