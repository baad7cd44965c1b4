"""A film: recordings, panels, a style and a timeline in; frames of one size out, one at a time."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, cast

import numpy as np
import numpy.typing as npt

from epochreel.nn.recording import Gridded, Recording
from epochreel.render.areas import Arrangement
from epochreel.render.captions import (
    MAX_LINES,
    Caption,
    CaptionBand,
    CaptionTrack,
    fit,
    place_captions,
    wrap,
)
from epochreel.render.checking import LARGEST_SIZE, SMALLEST_SIDE, check_film
from epochreel.render.composing import Composition, compose
from epochreel.render.footer import draw_footer
from epochreel.render.header import draw_header
from epochreel.render.insets import InsetLayer, set_artists, set_inset
from epochreel.render.layout import FrameLayout, Rect, Slot
from epochreel.render.memory import give_back
from epochreel.render.moments import moment_at
from epochreel.render.palette import MOST_COLORS, make_palette
from epochreel.render.panels import (
    GroundedDrawing,
    Panel,
    PanelDrawing,
    ToppedDrawing,
    VectorDrawing,
)
from epochreel.render.showing import film_html, own_figure, panel_figure
from epochreel.render.stage import Overlay, Stage
from epochreel.render.style import Style
from epochreel.render.timeline import Timeline

__all__ = ["LARGEST_SIZE", "SMALLEST_SIDE", "Film", "Frame"]


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
    insets: tuple[InsetLayer, ...]
    captions: CaptionBand | None


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
    captions : sequence of Caption
        The film's own :attr:`timeline` has their holds and fades in it, its :attr:`plan` hasn't.
    columns : int, optional
        Panels beside one another; when left out, whatever brings the plots nearest to a square.
    arrangement : Arrangement, optional
        Where each panel stands, instead.

    Raises
    ------
    InvalidInputError
        For a size out of bounds, no panels, fewer panels than columns or another number of them
        than of places, or a panel of a recording that isn't there.
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
        captions: Sequence[Caption] = (),
        columns: int | None = None,
        arrangement: Arrangement | None = None,
    ) -> None:
        check_film(recordings, panels, size, columns, arrangement)
        self.recordings = dict(recordings)
        self.panels = tuple(panels)
        self.size = size
        self.style = style
        self.plan = timeline
        self._track: CaptionTrack
        self.timeline, self._track = place_captions(captions, timeline, self.recordings)
        self.title = title
        self.captions = tuple(captions)
        self.columns = columns
        self.arrangement = arrangement
        self._palettes: dict[int, npt.NDArray[np.uint8]] = {}

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
        return self.between(0, self.frame_count)

    def between(self, start: int, stop: int) -> Iterator[Frame]:
        """Draw the frames from number `start` to before `stop`, holds counted as they last."""
        # A fresh canvas for every frame costs 2 ms in page faults at 1600×1200.
        canvas = self._set.under.copy()
        begins = 0
        for index, moment in enumerate(self.timeline.moments):
            ends = begins + moment.repeats
            shown = min(ends, stop) - max(begins, start)
            if shown > 0:
                yield Frame(self._draw(index, canvas).pixels, shown)
            begins = ends

    def still(self, at: str = "last") -> Any:
        """Draw one moment, such as ``"update:500"``, as a Matplotlib figure.

        See :func:`~epochreel.render.moments.parse_at`.
        """
        with self.style.context():
            return self.artists(moment_at(cast(Any, self), at), figure=own_figure(self.size))

    def draw(self, ax: Any, at: str = "last") -> Any:
        """Draw one moment in the place of Matplotlib axes, at their size; give the axes back."""
        figure, size = panel_figure(ax)
        figure.set_facecolor([channel / 255 for channel in self.style.ground])
        film = self.variant(size=size, timeline=self.plan)
        with self.style.context():
            film.artists(moment_at(cast(Any, film), at), figure=figure)
        return ax

    def _repr_html_(self) -> str:
        """Show the film in a notebook."""
        return film_html(cast(Any, self))

    def artists(self, index: int, *, figure: Any = None) -> Any:
        """Draw the distinct frame number `index` with Matplotlib's artists: a figure of its size.

        Call inside ``style.context()``. What a panel can only paint is an image beneath the rest.
        It is drawn on `figure` where one is given.
        """
        moment = self.timeline.moments[index]
        stage, drawings, captions = self._draw_once(merged=True, figure=figure)
        for index, drawing in enumerate(drawings):
            if isinstance(drawing, VectorDrawing):
                drawing.draw_artists(stage, moment)
                continue
            slot = self.layout.slots[index]
            canvas = np.empty((self.size[1], self.size[0], 4), np.uint8)
            canvas[:] = (*self.style.ground, 255)
            drawing.draw(canvas, moment)
            cell = slot.cell
            shown = canvas[cell.top : cell.bottom, cell.left : cell.right]
            stage.image(shown, replace(cell, width=shown.shape[1], height=shown.shape[0]))
        for panel, slot in self._insets:
            set_artists(stage, panel, slot, moment)
        if captions is not None:
            captions.draw_artists(stage, moment)
        return stage.under

    def frame(self, index: int) -> Frame:
        """Draw the distinct frame number `index` on a canvas of its own."""
        return self._draw(index, self._set.under.copy())

    def _draw(self, index: int, canvas: npt.NDArray[np.uint8]) -> Frame:
        """Draw over an earlier frame: whatever changes is painted whole each time."""
        moment = self.timeline.moments[index]
        for drawing in self._set.drawings:
            drawing.draw(canvas, moment)
        self._set.over.blend(canvas)
        for drawing in self._set.drawings:
            if isinstance(drawing, ToppedDrawing):
                drawing.draw_top(canvas, moment)
        for inset in self._set.insets:
            inset.draw(canvas, moment)
        if self._set.captions is not None:
            self._set.captions.draw(canvas, moment)
        return Frame(canvas, moment.repeats)

    @property
    def notes(self) -> tuple[str, ...]:
        """What a viewer should know: holds at the end, captions cut or not shown, coarse grids."""
        cut = [
            f"caption {caption.text!r}: is cut after {MAX_LINES} lines"
            for caption, lines in zip(self._track.captions, self._wrapped(self.layout), strict=True)
            if len(lines) > MAX_LINES
        ]
        return (*self.timeline.notes, *self._track.notes, *cut, *self._shortfalls())

    def caption_opacity(self, index: int) -> float:
        """Tell how opaque the caption of the distinct frame number `index` is; 0 without one."""
        return self._track.shown[index][1] if self._track.shown else 0.0

    def _shortfalls(self) -> Iterator[str]:
        """Say what recordings on a grid can't show at this size."""
        for panel, slot in zip(self.panels, self.layout.slots, strict=True):
            for model in panel.models:
                recording = self.recordings[model]
                if isinstance(recording, Gridded):
                    size_px = slot.body.width, slot.body.height
                    lack = recording.shortfall(recording.dataset.viewport, size_px)
                    if lack is not None:
                        yield f"model {model!r}: {lack}"

    def _wrapped(self, layout: FrameLayout) -> list[list[str]]:
        """Lines of each caption, as many as it needs."""
        width = layout.captions.width if layout.captions is not None else 0
        size_px = layout.scale.heading
        return [wrap(caption.text, width, size_px) for caption in self._track.captions]

    @cached_property
    def layout(self) -> FrameLayout:
        """Where everything stands on the frame."""
        return self._outlined.layout

    def variant(self, *, size: tuple[int, int], timeline: Timeline) -> Film:
        """Make the same film at another size and pace; captions' holds come on top of these."""
        return Film(
            self.recordings,
            self.panels,
            size=size,
            style=self.style,
            timeline=timeline,
            title=self.title,
            captions=self.captions,
            columns=self.columns,
            arrangement=self.arrangement,
        )

    def palette(self, colors: int = MOST_COLORS) -> npt.NDArray[np.uint8]:
        """Choose up to 255 colours that serve the whole film, shape (colors, 3).

        The colours of the field come first and are exact; the rest is chosen from moments spread
        over the film.
        """
        if colors not in self._palettes:
            count = len(self)
            moments = sorted({round(share * (count - 1)) for share in (0, 0.2, 0.4, 0.6, 0.8, 1)})
            pictures = (self.frame(index).pixels for index in moments)
            self._palettes[colors] = make_palette(pictures, colors)
        return self._palettes[colors]

    @cached_property
    def _outlined(self) -> Composition:
        """Layout, size of the panels' titles, and what each panel asked for."""
        return compose(
            self.panels,
            self.recordings,
            self.style,
            size=self.size,
            title=self.title,
            columns=self.columns,
            arrangement=self.arrangement,
            caption_lines=self._caption_lines if self._track.captions else None,
        )

    def _caption_lines(self, layout: FrameLayout) -> int:
        return max(map(len, self._wrapped(layout)))

    @cached_property
    def _set(self) -> _Set:
        with self.style.context():
            stage, drawings, captions = self._draw_once()
            insets = tuple(set_inset(stage, panel, slot) for panel, slot in self._insets)
            under, over = stage.render_under(), stage.render_over()
        # What lies over plain ground never changes: it is laid on once.
        painted = np.zeros(under.shape[:2], bool)
        for slot in self.layout.slots:
            body = slot.body
            painted[body.top : body.bottom, body.left : body.right] = True
        over, still = over.split(painted)
        still.blend(under)
        for drawing in drawings:
            if isinstance(drawing, GroundedDrawing):
                drawing.rest_on(under)
        del stage
        give_back()  # the figures: 17 MB at 1600×1200
        return _Set(under, drawings, over, insets, captions)

    @property
    def _grid(self) -> int:
        """How many panels stand in the frame's grid, not on another one."""
        return len(self.panels) - len(self.arrangement.insets if self.arrangement else ())

    @property
    def _insets(self) -> list[tuple[Panel, Slot]]:
        return list(zip(self.panels, self.layout.slots, strict=True))[self._grid :]

    def _draw_once(
        self, *, merged: bool = False, figure: Any = None
    ) -> tuple[Stage, tuple[PanelDrawing, ...], CaptionBand | None]:
        """Put all that never changes on a stage, of one figure if they are to be merged.

        Call inside ``style.context()``.
        """
        composition = self._outlined
        layout, outlines = composition.layout, composition.outlines
        stage = Stage.create(self.style, layout, self.recordings)
        stage = replace(stage, shown=self.timeline.moments)
        if merged:
            under = stage.under if figure is None else figure
            stage = replace(stage, under=under, over=under)
        counters = draw_header(stage, composition, self.title)
        footer_title = None if composition.titled else self.title
        # of the plan, since a caption that fades parts a frame's training into several pictures
        draw_footer(stage, outlines, footer_title, self.plan)
        drawings = tuple(
            panel.build(stage, slot, composition.title_size)
            for panel, slot in zip(self.panels[: self._grid], layout.slots, strict=False)
        )
        drawings = (*drawings, *counters)
        captions = self._build_captions(layout)
        return stage, drawings, captions

    def _build_captions(self, layout: FrameLayout) -> CaptionBand | None:
        rect, size_px = layout.captions, layout.scale.heading
        if rect is None:
            return None
        return CaptionBand(
            rect,
            [fit(lines, rect.width, size_px) for lines in self._wrapped(layout)],
            self._track,
            size_px=size_px,
            ink=self.style.ink,
            ground=self.style.ground,
        )

    def plot_share(self) -> float:
        """Part of the frame's area that the plots take, from 0 to 1."""

        def area(rect: Rect) -> int:
            return rect.width * rect.height

        return sum(area(slot.body) for slot in self.layout.slots) / (self.size[0] * self.size[1])
