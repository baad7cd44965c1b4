"""A film: recordings, panels, a style and a timeline in; frames of one size out, one at a time."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

from epochreel.nn.errors import InvalidInputError, unknown_name
from epochreel.nn.recording import Recording
from epochreel.render.footer import draw_footer
from epochreel.render.layout import FrameLayout, Rect, lay_out
from epochreel.render.palette import MOST_COLORS, make_palette
from epochreel.render.panels import Outline, Panel, PanelDrawing
from epochreel.render.stage import Overlay, Stage
from epochreel.render.style import Style, TypeScale
from epochreel.render.text import shorten
from epochreel.render.timeline import Timeline

__all__ = ["Film", "Frame"]

LARGEST_SIZE = (3840, 2160)
SMALLEST_SIDE = 16


@dataclass(frozen=True, eq=False)
class Frame:
    """One picture of the film.

    Attributes
    ----------
    pixels : ndarray of uint8, shape (height, width, 4)
        RGBA, all of it opaque.
    repeats : int
        How many frames long it is shown.
    """

    pixels: npt.NDArray[np.uint8]
    repeats: int


@dataclass(frozen=True, eq=False)
class _Set:
    """What is drawn once for the whole film."""

    under: npt.NDArray[np.uint8]
    drawings: tuple[PanelDrawing, ...]
    over: Overlay  # within the panels' bodies only


class Film:
    """An iterable of frames; nothing holds more than one of them.

    Parameters
    ----------
    recordings : mapping
        Recording by model name.
    panels : sequence of Panel
        In reading order.
    size : tuple of int
        Width and height in pixels, from 16×16 to 3840×2160 (or 2160×3840).
    style : Style
    timeline : Timeline
    title : str, optional
        Stands above the panels, or in the footer of a film with one panel.

    Raises
    ------
    InvalidInputError
        For a size out of bounds, no panels, or a panel of a recording that isn't there.
    """

    def __init__(
        self,
        recordings: Mapping[str, Recording],
        panels: Sequence[Panel],
        *,
        size: tuple[int, int],
        style: Style,
        timeline: Timeline,
        title: str | None = None,
    ) -> None:
        if (
            min(size) < SMALLEST_SIDE
            or max(size) > max(LARGEST_SIZE)
            or (min(size) > min(LARGEST_SIZE))
        ):
            raise InvalidInputError(
                f"size: must be from {SMALLEST_SIDE}×{SMALLEST_SIDE} to "
                f"{LARGEST_SIZE[0]}×{LARGEST_SIZE[1]} px, got {size[0]}×{size[1]}"
            )
        if not panels:
            raise InvalidInputError("panels: needs at least one, got none")
        for panel in panels:
            for model in panel.models:
                if model not in recordings:
                    raise unknown_name("panels.model", model, recordings)
        self.recordings = dict(recordings)
        self.panels = tuple(panels)
        self.size = size
        self.style = style
        self.timeline = timeline
        self.title = title

    def __len__(self) -> int:
        """Count the distinct frames; :attr:`frame_count` has the holds in it."""
        return len(self.timeline.moments)

    @property
    def fps(self) -> int:
        """Frames per second."""
        return self.timeline.fps

    @property
    def frame_count(self) -> int:
        """Frames of the finished film, holds included."""
        return self.timeline.frame_count

    @property
    def duration_s(self) -> float:
        """Length in seconds."""
        return self.timeline.duration_s

    def __iter__(self) -> Iterator[Frame]:
        """Draw one frame after the other.

        All are drawn on one canvas: a frame's pixels are valid until the next one is asked for.
        """
        # A fresh canvas for every frame costs 2 ms in page faults at 1600×1200.
        canvas = self._set.under.copy()
        for index in range(len(self)):
            yield self._draw(index, canvas)

    def frame(self, index: int) -> Frame:
        """Draw the distinct frame number `index` on a canvas of its own."""
        return self._draw(index, self._set.under.copy())

    def _draw(self, index: int, canvas: npt.NDArray[np.uint8]) -> Frame:
        """Draw over an earlier frame: whatever changes is painted whole each time."""
        moment = self.timeline.moments[index]
        for drawing in self._set.drawings:
            drawing.draw(canvas, moment)
        self._set.over.blend(canvas)
        return Frame(canvas, moment.repeats)

    @cached_property
    def layout(self) -> FrameLayout:
        """Where everything stands on the frame."""
        return self._outlined[0]

    def variant(self, *, size: tuple[int, int], timeline: Timeline) -> Film:
        """Make the same film at another size and pace."""
        return Film(
            self.recordings,
            self.panels,
            size=size,
            style=self.style,
            timeline=timeline,
            title=self.title,
        )

    def palette(self, colors: int = MOST_COLORS) -> npt.NDArray[np.uint8]:
        """Choose up to 255 colours that serve the whole film, shape (colors, 3).

        The colours of the field come first and are exact; the rest is chosen from moments spread
        over the film.
        """
        count = len(self)
        moments = sorted({round(share * (count - 1)) for share in (0, 0.2, 0.4, 0.6, 0.8, 1)})
        return make_palette((self.frame(index).pixels for index in moments), colors)

    @cached_property
    def _outlined(self) -> tuple[FrameLayout, float, tuple[Outline, ...]]:
        """Layout, size of the panels' titles, and what each panel asked for."""
        scale = TypeScale.of_size(self.size)
        alone = len(self.panels) == 1
        title_size = scale.title if alone else scale.heading
        outlines = tuple(
            panel.outline(self.recordings, self.style, scale, title_size) for panel in self.panels
        )

        def laid_out(strip: bool) -> FrameLayout:
            return lay_out(
                self.size,
                len(self.panels),
                tick_width=max(outline.tick_width for outline in outlines),
                header=self.title is not None and not alone,
                subtitles=any(outline.subtitle for outline in outlines),
                strip=strip,
            )

        layout = laid_out(strip=False)
        numbers = any(outline.numbers_width > 0 for outline in outlines)
        widest = max(outline.title_width + outline.numbers_width for outline in outlines)
        if numbers and (not alone or widest + scale.title > layout.slots[0].body.width):
            layout = laid_out(strip=True)
        return layout, title_size, outlines

    @cached_property
    def _set(self) -> _Set:
        layout, title_size, outlines = self._outlined
        with self.style.context():
            stage = Stage.create(self.style, layout, self.recordings)
            if layout.header_baseline is not None and self.title is not None:
                left = float(min(slot.body.left for slot in layout.slots))
                room = max(slot.body.right for slot in layout.slots) - left
                stage.text(
                    left,
                    layout.header_baseline,
                    shorten(self.title, room, layout.scale.title, "semibold"),
                    layout.scale.title,
                    self.style.ink,
                    weight="semibold",
                )
            footer_title = self.title if len(self.panels) == 1 else None
            draw_footer(stage, outlines, footer_title)
            drawings = tuple(
                panel.build(stage, slot, title_size)
                for panel, slot in zip(self.panels, layout.slots, strict=True)
            )
            under, over = stage.render_under(), stage.render_over()
        # What lies over plain ground never changes: it is laid on once.
        painted = np.zeros(under.shape[:2], bool)
        for slot in layout.slots:
            body = slot.body
            painted[body.top : body.bottom, body.left : body.right] = True
        over, still = over.split(painted)
        still.blend(under)
        return _Set(under, drawings, over)

    def plot_share(self) -> float:
        """Part of the frame's area that the plots take, from 0 to 1."""

        def area(rect: Rect) -> int:
            return rect.width * rect.height

        return sum(area(slot.body) for slot in self.layout.slots) / (self.size[0] * self.size[1])
