"""A film of the blueprint: what one training step computes lights up, step by step."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from matplotlib.backends.backend_agg import FigureCanvasAgg

from epochreel.nn.errors import unknown_name
from epochreel.render.figures.arrays import StepShapes
from epochreel.render.figures.plan import blueprint, layers_shown
from epochreel.render.figures.sheet import WIDTHS, as_style
from epochreel.render.figures.steps_of import Step, steps_of
from epochreel.render.film import Frame
from epochreel.render.palette import MOST_COLORS, make_palette
from epochreel.render.style import Style
from epochreel.render.writers import open_writer

__all__ = ["BlueprintFilm", "write_blueprint"]

Pixels = npt.NDArray[np.uint8]


class BlueprintFilm:
    """An iterable of frames, of one picture for each step and fades between them.

    Parameters
    ----------
    step : StepArrays
    style : Style or str
    width : str
        A key of :data:`~epochreel.render.figures.sheet.WIDTHS`.
    fps : int
    step_s, fade_s : float
        How long each step is shown, and how long of that it takes to appear, in seconds.
    hold_s : float
        How long the whole blueprint is shown at the end.
    """

    def __init__(
        self,
        step: StepShapes,
        *,
        style: Style | str = "dark",
        width: str = "slide",
        fps: int = 20,
        step_s: float = 1.6,
        fade_s: float = 0.3,
        hold_s: float = 3.0,
    ) -> None:
        if width not in WIDTHS:
            raise unknown_name("width", width, WIDTHS)
        self.step, self.width, self.fps = step, width, fps
        self.style = as_style(style)
        self._fades = max(1, round(fade_s * fps))
        self._holds = max(1, round(step_s * fps) - self._fades)
        self._last = max(1, round(hold_s * fps))
        whole = self._draw(None)
        self.size = whole.shape[1], whole.shape[0]

    @property
    def steps(self) -> list[Step]:
        """What lights up, in order."""
        chosen = WIDTHS[self.width]
        return steps_of(self.step, layers_shown(chosen.points / chosen.em))

    @property
    def frame_count(self) -> int:
        """Frames of the film, holds included."""
        steps = len(self.steps)
        return steps * self._holds + steps * self._fades + self._last

    @property
    def duration_s(self) -> float:
        """Length in seconds."""
        return self.frame_count / self.fps

    def palette(self, colors: int = MOST_COLORS) -> Pixels:
        """Choose colours that serve the whole film, shape (colors, 3)."""
        steps = len(self.steps)
        shown = [None, *sorted({steps // 4, 3 * steps // 4, steps - 1})]
        return make_palette((self._draw(at) for at in shown), colors)

    def __iter__(self) -> Iterator[Frame]:
        """Draw one frame after the other."""
        before: Pixels | None = None
        pictures: list[int | None] = [*range(len(self.steps)), None]
        for at in pictures:
            now = self._draw(at)
            if before is not None:
                for fade in range(1, self._fades + 1):
                    yield Frame(_mixed(before, now, fade / (self._fades + 1)), 1)
            yield Frame(now, self._last if at is None else self._holds)
            before = now

    def _draw(self, at: int | None) -> Pixels:
        with self.style.context():
            axes = blueprint(self.step, at=at, style=self.style, width=self.width)
            canvas = FigureCanvasAgg(axes.figure)
            canvas.draw()
            pixels: Any = np.asarray(canvas.buffer_rgba())
        return pixels.copy()


def _mixed(one: Pixels, other: Pixels, share: float) -> Pixels:
    """Fade from one picture to another, where they differ: a third of the time of whole ones."""
    weight = np.uint16(round(256 * share * share * (3 - 2 * share)))
    rows = np.flatnonzero((one != other).any(axis=(1, 2)))
    mixed = one.copy()
    if len(rows):
        part = slice(rows[0], rows[-1] + 1)
        sums = one[part].astype(np.uint16) * (np.uint16(256) - weight)
        sums += other[part] * weight
        mixed[part] = (sums + np.uint16(127)) >> 8
    return mixed


def write_blueprint(
    film: BlueprintFilm, path: Path, *, on_frame: Callable[[int], None] | None = None
) -> None:
    """Write the film in the format that the file's suffix names.

    Parameters
    ----------
    film : BlueprintFilm
    path : Path
        The finished file; its folder must exist.
    on_frame : callable, optional
        Called with the number of frames written since the last call.

    Raises
    ------
    InvalidInputError
        For a suffix that no writer serves.
    OutputError
        When the file can't be written.
    """
    with open_writer(path, film) as writer:
        for frame in film:
            writer.write(frame.pixels, frame.repeats)
            if on_frame is not None:
                on_frame(frame.repeats)
