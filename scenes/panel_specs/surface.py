"""The ``[[panels]]`` table of kind ``surface``."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated, Any

from pydantic import Field

from epochreel.scenes.messages import Path
from epochreel.scenes.panel_specs.base import OneModelPanel, refuse_regression
from epochreel.scenes.panel_specs.boundary import POINTS, Bands
from epochreel.scenes.values import choice

if TYPE_CHECKING:
    from epochreel.nn.dataset import Dataset
    from epochreel.scenes.planning import TrainingPlan

__all__ = ["SurfaceSpec"]


class SurfaceSpec(OneModelPanel):
    """The probability as a surface over the plane, with a slow camera."""

    kind: str = "surface"
    bands: Bands = 25
    points: Annotated[str, choice(lambda: POINTS)] = "test"
    azimuth: Annotated[float, Field(ge=-360, le=360)] = 30.0
    elevation: Annotated[float, Field(ge=10, le=80)] = 28.0
    turn: Annotated[float, Field(ge=-360, le=360)] = 40.0

    def refuse(
        self, index: int, shown: Sequence[tuple[int, TrainingPlan]], dataset: Dataset
    ) -> list[tuple[Path, str]]:
        """Refuse more than two classes, as a surface has one height, and regressions."""
        if dataset.task == "regression":
            return refuse_regression(index, self.kind)
        if dataset.features != 2:
            text = f"can't be 'surface' for data of {dataset.features} features: it needs 2"
            return [(("panels", index, "kind"), text)]
        drawn = "surface panels, whose height is the probability of one of two classes"
        for model, plan in shown:
            if plan.outputs > 1 and dataset.classes > 2:
                return [(("data", "classes"), f"must be 2 for {drawn}, got {dataset.classes}")]
            if plan.outputs > 2:
                text = f"can't be '{plan.loss}' for {drawn}, as it has an output for each"
                return [(("models", model, "loss"), text)]
        return []

    def options(self) -> dict[str, Any]:
        """Say ``points`` as the panel calls it."""
        options = super().options()
        options["show_points"] = options.pop("points")
        return options
