"""Counters of updates or epochs: how wide they are, and one that stands by itself."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from epochreel.nn.recording import Recording, reached
from epochreel.render.stage import Stage
from epochreel.render.text import NumberSlot
from epochreel.render.timeline import Moment

__all__ = ["Counter", "counter_digits", "reached_text"]


def counter_digits(recording: Recording) -> int:
    """Width of a counter: five digits as published, more where the training is longer."""
    return max(5, len(str(int(_counts(recording)[-1]))))


def reached_text(recording: Recording, snapshot: float) -> str:
    """Write the updates or epochs done, with leading zeros."""
    return f"{reached(_counts(recording), snapshot):0{counter_digits(recording)}d}"


@dataclass(frozen=True, eq=False)
class Counter:
    """Updates or epochs that `model` has done, as a number that changes."""

    model: str
    recording: Recording
    number: NumberSlot

    def draw(self, canvas: npt.NDArray[np.uint8], moment: Moment) -> None:
        """Stamp the number."""
        self.number.draw(canvas, self._text(moment))

    def draw_artists(self, stage: Stage, moment: Moment) -> None:
        """Write the number."""
        stage.stamp(self.number, self._text(moment))

    def _text(self, moment: Moment) -> str:
        return reached_text(self.recording, moment.snapshots[self.model])


def _counts(recording: Recording) -> npt.NDArray[Any]:
    return recording.updates if recording.unit == "update" else recording.epochs
