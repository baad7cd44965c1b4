"""The ``[[panels]]`` table of kind ``weights``."""

from __future__ import annotations

from typing import Annotated

from epochreel.scenes.panel_specs.base import OneModelPanel
from epochreel.scenes.values import choice

__all__ = ["WeightsSpec"]

VIEWS = ("ridges", "matrix")


class WeightsSpec(OneModelPanel):
    """All weights: how they are spread in each layer, or each as a cell of a matrix."""

    kind: str = "weights"
    view: Annotated[str, choice(lambda: VIEWS)] = "ridges"
