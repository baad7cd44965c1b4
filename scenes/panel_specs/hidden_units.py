"""The ``[[panels]]`` table of kind ``hidden_units``."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated, Any

from pydantic import Field

from epochreel.scenes.messages import Path
from epochreel.scenes.panel_specs.base import OneModelPanel, refuse_regression
from epochreel.scenes.panel_specs.boundary import POINTS
from epochreel.scenes.values import choice

if TYPE_CHECKING:
    from epochreel.nn.dataset import Dataset
    from epochreel.scenes.planning import TrainingPlan

__all__ = ["HiddenUnitsSpec"]

MOST_UNITS = 12


class HiddenUnitsSpec(OneModelPanel):
    """What each hidden unit makes of every point, and how the next layer mixes these."""

    kind: str = "hidden_units"
    units: Annotated[int, Field(ge=2, le=MOST_UNITS)] = 6
    points: Annotated[str, choice(lambda: POINTS)] = "test"

    def refuse(
        self, index: int, shown: Sequence[tuple[int, TrainingPlan]], dataset: Dataset
    ) -> list[tuple[Path, str]]:
        """Refuse data that aren't points of a plane, and regressions."""
        if dataset.task == "regression":
            return refuse_regression(index, self.kind)
        if dataset.features == 2:
            return []
        text = f"can't be 'hidden_units' for data of {dataset.features} features; needs 2"
        return [(("panels", index, "kind"), text)]

    def options(self) -> dict[str, Any]:
        """Say ``points`` as the panel calls it."""
        options = super().options()
        options["show_points"] = options.pop("points")
        return options
