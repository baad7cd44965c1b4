"""Captions: when each is shown, how it fades, and its words in a band of their own.

Words are drawn once by Matplotlib. A frame that shows what the one before shows costs a copy of the
band, 0.1 ms at 1600×1200.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import groupby
from typing import Any

import numpy as np
import numpy.typing as npt
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from epochreel.nn.errors import InvalidInputError, unknown_name
from epochreel.nn.recording import Recording
from epochreel.render.events import parse_event
from epochreel.render.layout import CAPTION_LEADING, Rect
from epochreel.render.pixels import pack
from epochreel.render.stage import Stage
from epochreel.render.style import Color
from epochreel.render.text import DPI, font_properties, shorten, text_width
from epochreel.render.timeline import Moment, Timeline

__all__ = ["MAX_LINES", "Caption", "CaptionBand", "CaptionTrack", "place_captions", "wrap"]

MAX_LINES = 3
"""Lines of the longest caption; what doesn't fit is cut, and said."""


@dataclass(frozen=True)
class Caption:
    """Words, and when they are shown: exactly one of `update`, `epoch`, `time_s` and `event`.

    Attributes
    ----------
    text : str
    update, epoch : float, optional
        Shown from the first frame that is as far.
    time_s : float, optional
        Shown from this second of the film, caption holds included.
    event : str, optional
        Shown from when it happens; see :func:`~epochreel.render.events.parse_event`.
    model : str, optional
        Whose update, epoch or event it is; the first recording's when left out.
    duration_s : float, optional
        How long it is shown; until the next caption, or the end, when left out.
    fade_s : float
        How long it takes to appear, and to go.
    hold_s : float
        How long the film pauses there.
    """

    text: str
    update: float | None = None
    epoch: float | None = None
    time_s: float | None = None
    event: str | None = None
    model: str | None = None
    duration_s: float | None = None
    fade_s: float = 0.3
    hold_s: float = 0.0

    def __post_init__(self) -> None:
        """Refuse what has no one meaning."""
        when = (self.update, self.epoch, self.time_s, self.event)
        if sum(given is not None for given in when) != 1:
            raise InvalidInputError(
                "caption: needs exactly one of update, epoch, time_s and event, "
                f"got {sum(given is not None for given in when)} of them"
            )
        if self.event is not None:
            parse_event(self.event)

    @property
    def when(self) -> str:
        """Its moment in a few words."""
        if self.event is not None:
            return repr(self.event)
        if self.time_s is not None:
            return f"{self.time_s:g} s"
        return f"update {self.update:g}" if self.update is not None else f"epoch {self.epoch:g}"


@dataclass(frozen=True)
class CaptionTrack:
    """Captions on a timeline.

    Attributes
    ----------
    captions : tuple of Caption
        Those that are shown.
    shown : tuple of (int or None, float)
        For each moment of the timeline: index of the caption, and its opacity in (0, 1].
    notes : tuple of str
        Which captions aren't shown, and why.
    """

    captions: tuple[Caption, ...] = ()
    shown: tuple[tuple[int | None, float], ...] = ()
    notes: tuple[str, ...] = ()


def place_captions(
    captions: Sequence[Caption], timeline: Timeline, recordings: Mapping[str, Recording]
) -> tuple[Timeline, CaptionTrack]:
    """Find out which frames show which caption.

    Parameters
    ----------
    captions : sequence of Caption
    timeline : Timeline
    recordings : mapping
        Recording by model name.

    Returns
    -------
    Timeline
        With the captions' holds, and each step of a fade a moment of its own.
    CaptionTrack

    Raises
    ------
    InvalidInputError
        For a caption of a model that isn't there.
    """
    if not captions:
        return timeline, CaptionTrack()
    repeats = np.array([moment.repeats for moment in timeline.moments])
    notes: list[str] = []
    # by caption: moment in which it starts, and frames into that moment
    starts: dict[int, tuple[int, int]] = {}
    for index, caption in enumerate(captions):
        if caption.time_s is not None:
            continue
        moment = _moment_of(caption, timeline, recordings)
        if moment is None:
            notes.append(f"captions[{index}]: {caption.when} never comes; it isn't shown")
            continue
        starts[index] = moment, 0
        repeats[moment] += round(caption.hold_s * timeline.fps)
    # a time means the finished film's, so each hold must be in before later times are looked up
    timed = [(caption.time_s, index) for index, caption in enumerate(captions)]
    for time_s, index in sorted(entry for entry in timed if entry[0] is not None):
        frame = round((time_s or 0.0) * timeline.fps)
        ends = np.cumsum(repeats)
        if frame >= ends[-1]:
            notes.append(f"captions[{index}]: {time_s:g} s is past the film's end; it isn't shown")
            continue
        moment = int(np.searchsorted(ends, frame, side="right"))
        starts[index] = moment, frame - int(ends[moment] - repeats[moment])
        repeats[moment] += round(captions[index].hold_s * timeline.fps)
    begins = np.cumsum(repeats) - repeats
    frames = {index: int(begins[moment]) + more for index, (moment, more) in starts.items()}
    order = sorted(frames, key=lambda index: (frames[index], index))
    # of several that start in one frame, the last in order would be all that is seen
    kept = list({frames[index]: index for index in order}.values())
    notes += [
        f"captions[{index}]: starts in the same frame as another; it isn't shown"
        for index in order
        if index not in kept
    ]
    opacities = _opacities(
        [captions[index] for index in kept], [frames[index] for index in kept], repeats, timeline
    )
    moments, shown = _cut(timeline.moments, repeats, opacities)
    track = CaptionTrack(tuple(captions[index] for index in kept), shown, tuple(notes))
    return replace(timeline, moments=moments), track


def _moment_of(
    caption: Caption, timeline: Timeline, recordings: Mapping[str, Recording]
) -> int | None:
    """Index of the first moment that is as far as a caption asks for."""
    model = next(iter(recordings)) if caption.model is None else caption.model
    if model not in recordings:
        raise unknown_name("captions.model", model, recordings)
    recording = recordings[model]
    if caption.event is not None:
        found = parse_event(caption.event).first(recording)
        if found is None:
            return None
        position = float(found)
    else:
        goal = caption.update if caption.update is not None else caption.epoch
        passed = recording.updates if caption.update is not None else recording.epochs
        if goal is None or goal > passed[-1]:
            return None
        position = float(np.interp(goal, passed, np.arange(len(passed))))
    for index, moment in enumerate(timeline.moments):
        if moment.snapshots[model] >= position - 1e-9:
            return index
    return None


def _opacities(
    captions: Sequence[Caption],
    starts: Sequence[int],
    repeats: npt.NDArray[np.int_],
    timeline: Timeline,
) -> list[tuple[int | None, float]]:
    """Say of every frame which caption it shows, and how opaque.

    What is there from the first frame, or to the last, doesn't fade there: these two must stand
    alone.
    """
    total = int(repeats.sum())
    frames: list[tuple[int | None, float]] = [(None, 0.0)] * total
    for index, (caption, start) in enumerate(zip(captions, starts, strict=True)):
        end = starts[index + 1] if index + 1 < len(starts) else total
        if caption.duration_s is not None:
            end = min(end, start + max(1, round(caption.duration_s * timeline.fps)))
        steps = round(caption.fade_s * timeline.fps) + 1
        for frame in range(start, end):
            coming = 1.0 if start == 0 else (frame - start + 1) / steps
            going = 1.0 if end == total else (end - frame) / steps
            frames[frame] = index, min(1.0, coming, going)
    return frames


def _cut(
    moments: Sequence[Moment],
    repeats: npt.NDArray[np.int_],
    frames: Sequence[tuple[int | None, float]],
) -> tuple[tuple[Moment, ...], tuple[tuple[int | None, float], ...]]:
    """Part moments wherever the caption changes while they are shown."""
    cut: list[Moment] = []
    shown: list[tuple[int | None, float]] = []
    start = 0
    for moment, count in zip(moments, repeats.tolist(), strict=True):
        for state, run in groupby(frames[start : start + count]):
            cut.append(replace(moment, index=len(cut), repeats=len(list(run))))
            shown.append(state)
        start += count
    return tuple(cut), tuple(shown)


def wrap(text: str, width: float, size_px: float) -> list[str]:
    """Break text between words into lines of at most `width` pixels.

    A single word that is wider is cut; three dots stand for what is missing.
    """
    lines: list[str] = []
    for word in text.split():
        longer = f"{lines[-1]} {word}" if lines else word
        if lines and text_width(longer, size_px) <= width:
            lines[-1] = longer
        else:
            lines.append(shorten(word, width, size_px))
    return lines


def fit(lines: Sequence[str], width: float, size_px: float) -> list[str]:
    """Keep at most :data:`MAX_LINES`; the last then ends in three dots."""
    if len(lines) <= MAX_LINES:
        return list(lines)
    last = shorten(" ".join(lines[MAX_LINES - 1 :]), width, size_px)
    return [*lines[: MAX_LINES - 1], last]


class CaptionBand:
    """Where captions stand, on plain ground; their pixels are ready.

    Parameters
    ----------
    rect : Rect
        The band; nothing else is ever drawn there.
    captions : sequence of sequence of str
        Lines of each caption.
    track : CaptionTrack
        What the moments of the film show.
    size_px : float
        Size of the type.
    ink, ground : tuple of int
        RGB in 0..255.
    """

    def __init__(
        self,
        rect: Rect,
        captions: Sequence[Sequence[str]],
        track: CaptionTrack,
        *,
        size_px: float,
        ink: Color,
        ground: Color,
    ) -> None:
        self.rect = rect
        self.captions = captions
        self.track = track
        self.size_px = size_px
        self._ground = np.asarray((*ground, 255), np.float32)
        self._to_ink = np.asarray((*ink, 255), np.float32) - self._ground
        self._coverage = [self._draw_words(lines) for lines in captions]
        self._state: tuple[int | None, float] | None = None
        self._band = np.empty((rect.height, rect.width), np.uint32)

    def baselines(self, lines: Sequence[str]) -> list[float]:
        """Baseline of each line in pixels from the frame's upper edge."""
        return [
            self.rect.top + (0.9 + CAPTION_LEADING * index) * self.size_px
            for index in range(len(lines))
        ]

    def draw(self, canvas: npt.NDArray[np.uint8], moment: Moment) -> None:
        """Paint the band of one moment into `canvas`, ``uint8`` of shape (height, width, 4)."""
        rect, state = self.rect, self.track.shown[moment.index]
        if state != self._state:  # most frames show what the one before shows
            self._band[:] = self._blend(*state)
            self._state = state
        box = canvas.view(np.uint32)[rect.top : rect.bottom, rect.left : rect.right, 0]
        box[:] = self._band

    def draw_artists(self, stage: Stage, moment: Moment) -> None:
        """Write a moment's caption as text; half-way through a fade, in a mixed colour."""
        index, opacity = self.track.shown[moment.index]
        if index is None:
            return
        red, green, blue, _ = np.rint(self._ground + self._to_ink * opacity).astype(int).tolist()
        lines = self.captions[index]
        for line, baseline in zip(lines, self.baselines(lines), strict=True):
            stage.text(self.rect.left, baseline, line, self.size_px, (red, green, blue))

    def _blend(self, index: int | None, opacity: float) -> npt.NDArray[np.uint32]:
        """Colour of every pixel of the band, packed."""
        strength = np.arange(256, dtype=np.float32)[:, None] * np.float32(opacity / 255)
        table = pack(np.rint(self._ground + self._to_ink * strength).astype(np.uint8))
        return table[:1] if index is None else table[self._coverage[index]]

    def _draw_words(self, lines: Sequence[str]) -> npt.NDArray[np.uint8]:
        """Draw once: how much of each of the band's pixels is covered, 0 to 255."""
        width, height = self.rect.width, self.rect.height
        figure: Any = Figure(figsize=(width / DPI, height / DPI), dpi=DPI)
        figure.patch.set_alpha(0.0)
        for line, baseline in zip(lines, self.baselines(lines), strict=True):
            figure.text(
                0.0,
                1 - (baseline - self.rect.top) / height,
                line,
                fontproperties=font_properties(self.size_px),
                color="black",
                ha="left",
                va="baseline",
                parse_math=False,
            )
        agg = FigureCanvasAgg(figure)
        agg.draw()
        return np.asarray(agg.buffer_rgba())[:, :, 3].copy()
