"""Panels: each shows one aspect of one or more recordings in a rectangle of the frame.

A panel is a frozen dataclass of options. :meth:`Panel.outline` says what room it wants,
:meth:`Panel.build` draws once what never changes and returns what draws the rest per frame.
"""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol, runtime_checkable

import numpy as np
import numpy.typing as npt

from epochreel.nn.recording import Recording
from epochreel.render.timeline import Moment

if TYPE_CHECKING:
    from epochreel.render.layout import Slot
    from epochreel.render.stage import Stage
    from epochreel.render.style import Color, Style, TypeScale

__all__ = [
    "NUMBERS",
    "PANELS",
    "SCORES",
    "EmptyPanel",
    "GroundedDrawing",
    "LegendEntry",
    "OneModel",
    "Outline",
    "Panel",
    "PanelDrawing",
    "ToppedDrawing",
    "VectorDrawing",
]

PANELS: Mapping[str, str] = {
    "boundary": "epochreel.render.panels.boundary:BoundaryPanel",
    "confusion": "epochreel.render.panels.confusion:ConfusionPanel",
    "scoreboard": "epochreel.render.panels.scoreboard:ScoreboardPanel",
    "curves": "epochreel.render.panels.curves:CurvesPanel",
    "fit": "epochreel.render.panels.fit:FitPanel",
    "hidden_units": "epochreel.render.panels.hidden_units:HiddenUnitsPanel",
    "network": "epochreel.render.panels.network:NetworkPanel",
    "weights": "epochreel.render.panels.weights:WeightsPanel",
    "landscape": "epochreel.render.panels.landscape:LandscapePanel",
    "representation": "epochreel.render.panels.representation:RepresentationPanel",
    "surface": "epochreel.render.panels.surface:SurfacePanel",
}
"""Where each kind of panel lives; imported on use."""

NUMBERS: Mapping[str, str] = {
    "test_accuracy": "test accuracy",
    "test_r2": "test R²",
    "test_loss": "test loss",
    "train_accuracy": "train accuracy",
    "train_r2": "train R²",
    "train_loss": "train loss",
    "seconds": "training",
}
"""What a panel can say of a model in numbers, and the label of each."""

SCORES: Mapping[str, str] = {
    **NUMBERS,
    "parameters": "parameters",
    "updates": "updates",
    "epochs": "epochs",
}
"""What a scoreboard can say of a model."""


@dataclass(frozen=True)
class LegendEntry:
    """One marker of the legend at the foot of the frame; `fill`, `ring` are RGB in 0..255."""

    label: str
    marker: str
    fill: Color
    ring: Color


@dataclass(frozen=True)
class Outline:
    """The room a panel wants, so that all panels of a frame can share one grid.

    Attributes
    ----------
    tick_width : float
        Width of its widest tick label in pixels.
    title_width, numbers_width : float
        Widths of heading and of the numbers that go with it, in pixels; no numbers: 0.
    strip_width : float
        Least width of the numbers on a line of their own.
    subtitle : bool
        Whether it has a second heading line.
    legend : tuple of LegendEntry
    legend_note : str
        What the legend's markers are, such as ``"test points"``.
    plane : hashable
        What its axes are of. Panels of equal planes may share the labels of their ticks; ``None``
        is equal to none.
    foot : float or None
        Room beneath its body in pixels; ``None`` for a line of tick labels.
    counts : bool
        Whether its heading counts updates or epochs. Where no panel does, the frame's header will.
    """

    tick_width: float = 0.0
    title_width: float = 0.0
    numbers_width: float = 0.0
    strip_width: float = 0.0
    subtitle: bool = False
    legend: tuple[LegendEntry, ...] = ()
    legend_note: str = ""
    plane: Hashable = None
    foot: float | None = None
    counts: bool = False


class PanelDrawing(Protocol):
    """What of a panel changes from frame to frame."""

    def draw(self, canvas: npt.NDArray[np.uint8], moment: Moment) -> None:
        """Paint one moment into a frame.

        Parameters
        ----------
        canvas : ndarray of uint8, shape (height, width, 4)
            The whole frame, maybe with an earlier moment on it. The panel paints all of its slot's
            body; outside of that, inside its cell, it may set numbers.
        moment : Moment
        """
        ...


@runtime_checkable
class VectorDrawing(Protocol):
    """A drawing that can also say in Matplotlib's artists what it paints: for SVG and PDF."""

    def draw_artists(self, stage: Stage, moment: Moment) -> None:
        """Add artists for one moment to ``stage.under``; axes of images below 0 in ``zorder``."""
        ...


@runtime_checkable
class GroundedDrawing(Protocol):
    """A drawing that lays what changes over what of its panel never does."""

    def rest_on(self, under: npt.NDArray[np.uint8]) -> None:
        """Remember the still part of the frame, (height, width, 4), from where it paints."""
        ...


@runtime_checkable
class ToppedDrawing(Protocol):
    """A drawing of which something changes above its panel's points."""

    def draw_top(self, canvas: npt.NDArray[np.uint8], moment: Moment) -> None:
        """Paint it, within the slot's body, once all that is drawn once has been laid over."""
        ...


class Panel(Protocol):
    """Options of a panel, and how it is built."""

    @property
    def models(self) -> tuple[str, ...]:
        """Names of the recordings it shows."""
        ...

    def outline(
        self,
        recordings: Mapping[str, Recording],
        style: Style,
        scale: TypeScale,
        title_size: float,
    ) -> Outline:
        """Say what room it wants, in pixels at this scale."""
        ...

    def build(self, stage: Stage, slot: Slot, title_size: float) -> PanelDrawing:
        """Draw what never changes on the stage's figures; called inside ``style.context()``."""
        ...


@dataclass(frozen=True)
class OneModel:
    """What panels of one model have in common.

    Attributes
    ----------
    model : str
        Name of the recording to show.
    """

    model: str

    @property
    def models(self) -> tuple[str, ...]:
        """The one recording it shows."""
        return (self.model,)


@dataclass(frozen=True)
class EmptyPanel:
    """A panel that shows nothing: for tests, and to leave a slot free."""

    models: tuple[str, ...] = ()

    def outline(
        self,
        recordings: Mapping[str, Recording],
        style: Style,
        scale: TypeScale,
        title_size: float,
    ) -> Outline:
        """Want nothing."""
        return Outline()

    def build(self, stage: Stage, slot: Slot, title_size: float) -> PanelDrawing:
        """Draw nothing."""
        return _Nothing()


class _Nothing:
    def draw(self, canvas: npt.NDArray[np.uint8], moment: Moment) -> None:
        """Leave the canvas as it is; nothing is ever laid over it either."""
