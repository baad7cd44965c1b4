"""The ``[[panels]]`` table of kind ``confusion``."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from epochreel.scenes.messages import Path
from epochreel.scenes.panel_specs.base import OneModelPanel, refuse_regression

if TYPE_CHECKING:
    from epochreel.nn.dataset import Dataset
    from epochreel.scenes.planning import TrainingPlan

__all__ = ["ConfusionSpec"]


class ConfusionSpec(OneModelPanel):
    """The confusion matrix over time: what each class is taken for."""

    kind: str = "confusion"

    def refuse(
        self, index: int, shown: Sequence[tuple[int, TrainingPlan]], dataset: Dataset
    ) -> list[tuple[Path, str]]:
        """Refuse regressions."""
        return refuse_regression(index, self.kind) if dataset.task == "regression" else []
