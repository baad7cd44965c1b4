"""The ``[[panels]]`` table of kind ``boundary``."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import BeforeValidator

from epochreel.scenes import limits
from epochreel.scenes.messages import Path, describe, did_you_mean
from epochreel.scenes.panel_specs.base import (
    NumberedPanel,
    refuse_regression,
)
from epochreel.scenes.panel_specs.plane import PlaneChoice, plane_option, refuse_plane
from epochreel.scenes.values import choice, problem

if TYPE_CHECKING:
    from epochreel.nn.dataset import Dataset
    from epochreel.scenes.planning import TrainingPlan

__all__ = ["BoundarySpec"]

POINTS = ("test", "train", "none")


def _bands(value: Any) -> Any:
    if isinstance(value, str) and value == "smooth":
        return value
    whole = value if isinstance(value, int) and not isinstance(value, bool) else 0
    if not 2 <= whole <= limits.MAX_BANDS:
        raise problem(
            f"must be 'smooth' or a whole number ≥ 2 and ≤ {limits.MAX_BANDS}, "
            f"got {describe(value)}{did_you_mean(value, ['smooth'])}"
        )
    return whole


Bands = Annotated[int | Literal["smooth"], BeforeValidator(_bands)]
"""Steps of colour over probabilities."""


class BoundarySpec(NumberedPanel):
    """Probabilities over the plane, the 0.5 line, points and numbers."""

    kind: str = "boundary"
    bands: Bands = 25
    points: Annotated[str, choice(lambda: (*POINTS, "both"))] = "test"
    mark_errors: bool = False
    plane: PlaneChoice | None = None

    def refuse(
        self, index: int, shown: Sequence[tuple[int, TrainingPlan]], dataset: Dataset
    ) -> list[tuple[Path, str]]:
        """Refuse regressions, and planes of features that aren't there."""
        if dataset.task == "regression":
            return refuse_regression(index, self.kind)
        return refuse_plane(index, self.plane, dataset)

    def options(self) -> dict[str, Any]:
        """Say ``points`` as the panel calls it."""
        options = super().options()
        options["show_points"] = options.pop("points")
        options["plane"] = plane_option(self.plane)
        return options
