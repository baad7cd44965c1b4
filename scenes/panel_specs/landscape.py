"""The ``[[panels]]`` table of kind ``landscape``."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated

from epochreel.scenes.messages import Path, quoted
from epochreel.scenes.panel_specs.base import ManyModelsPanel
from epochreel.scenes.values import Seed, choice

if TYPE_CHECKING:
    from epochreel.nn.dataset import Dataset
    from epochreel.scenes.planning import TrainingPlan

__all__ = ["LandscapeSpec"]

DIRECTIONS = ("pca", "random")


class LandscapeSpec(ManyModelsPanel):
    """The loss around the way that one or several trainings take."""

    kind: str = "landscape"
    directions: Annotated[str, choice(lambda: DIRECTIONS)] = "pca"
    seed: Seed = 0

    def refuse(
        self, index: int, shown: Sequence[tuple[int, TrainingPlan]], dataset: Dataset
    ) -> list[tuple[Path, str]]:
        """Refuse models that have no space of parameters in common."""
        first = shown[0][1]
        for model, plan in shown[1:]:
            if plan.layers != first.layers:
                text = (
                    f"must be as those of {quoted(first.name)} for a landscape of both, "
                    f"{_written(first)}, got {_written(plan)}"
                )
                return [(("models", model, "layers"), text)]
        return []


def _written(plan: TrainingPlan) -> str:
    """Write layers as 2-8-1 (relu, sigmoid)."""
    sizes = [str(plan.layers[0].input_dim), *(str(layer.output_dim) for layer in plan.layers)]
    kinds = ", ".join(dict.fromkeys(layer.activation for layer in plan.layers))
    return f"{'-'.join(sizes)} ({kinds})"
