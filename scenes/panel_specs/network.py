"""The ``[[panels]]`` table of kind ``network``."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated, Any, cast

from pydantic import BeforeValidator, Field

from epochreel.scenes.messages import Path, describe
from epochreel.scenes.panel_specs.base import OneModelPanel
from epochreel.scenes.values import problem

if TYPE_CHECKING:
    from epochreel.nn.dataset import Dataset
    from epochreel.scenes.planning import TrainingPlan

__all__ = ["NetworkSpec"]

MOST_UNITS = 16


def _sample(value: Any) -> Any:
    if isinstance(value, (list, tuple)):
        entries = cast("Sequence[Any]", value)
        if entries and all(type(entry) in (int, float) for entry in entries):
            return tuple(float(entry) for entry in entries)
    elif type(value) is int and value >= 0:
        return value
    came = describe(cast("object", value))
    raise problem(f"must be the number of a sample, ≥ 0, or a point such as [0.5, -1], got {came}")


class NetworkSpec(OneModelPanel):
    """The network itself: units, weights as lines, what it makes of a sample."""

    kind: str = "network"
    units: Annotated[int, Field(ge=2, le=MOST_UNITS)] = 8
    sample: Annotated[int | tuple[float, ...] | None, BeforeValidator(_sample)] = None
    numbers: bool = False

    def refuse(
        self, index: int, shown: Sequence[tuple[int, TrainingPlan]], dataset: Dataset
    ) -> list[tuple[Path, str]]:
        """Refuse samples that aren't there."""
        from epochreel.render.panels.sampling import refuse_sample

        wrong = refuse_sample(dataset, self.sample)
        return [] if wrong is None else [(("panels", index, "sample"), wrong)]
