"""The ``[[panels]]`` table of kind ``scoreboard``."""

from __future__ import annotations

from typing import Annotated

from pydantic import field_validator

from epochreel.scenes.panel_specs.base import ManyModelsPanel, each_number_once
from epochreel.scenes.values import Entries, choice

__all__ = ["ScoreboardSpec"]


def _scores() -> tuple[str, ...]:
    from epochreel.render.panels import SCORES

    return tuple(SCORES)


class ScoreboardSpec(ManyModelsPanel):
    """Numbers of several models side by side."""

    kind: str = "scoreboard"
    numbers: Entries[Annotated[str, choice(_scores)]] | None = None

    _each_once = field_validator("numbers")(each_number_once)

    @property
    def measured(self) -> tuple[str, ...]:
        """Its columns."""
        return self.numbers or ()
