"""The ``[[panels]]`` table of kind ``confusion``."""

from __future__ import annotations

from epochreel.scenes.panel_specs.base import OneModelPanel

__all__ = ["ConfusionSpec"]


class ConfusionSpec(OneModelPanel):
    """The confusion matrix over time: what each class is taken for."""

    kind: str = "confusion"
