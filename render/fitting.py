"""A file of a bounded length: the size, frame rate and colours that fit, best first.

Every choice lasts as long as the film does. The film is written as it is, and the length that this
comes to tells which choices may fit; the best of these is written next, and corrects the estimate.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from math import log2
from pathlib import Path

import numpy as np
import numpy.typing as npt

from epochreel.nn.errors import InvalidInputError, OutputError, RenderError, whole_number
from epochreel.render.film import Film, Frame
from epochreel.render.palette import PaletteMap
from epochreel.render.timeline import Moment, Timeline
from epochreel.render.writers import FITTABLE, open_writer
from epochreel.render.writers.atomic import partial_path

__all__ = ["Fit", "fit_film", "thin"]

_SCALES = (1.0, 0.85, 0.7, 0.6, 0.5, 0.4, 0.3, 0.25)
_STEPS = (1, 2, 3, 4, 6)
_COLORS = (None, 128, 64, 40)

_SMALLEST_LONG_SIDE_PX = 200
"""Below, nobody can read the numbers."""

_SLOWEST_FPS = 5
_ROUNDS = 8
_MARGIN = 0.95
"""Part of the allowed length that an estimate may take."""

_LEAST_SHARE = 0.1
"""Part of a film that is written before its length is judged."""


@dataclass(frozen=True)
class Fit:
    """What was chosen; its text is a note for a user.

    Attributes
    ----------
    size_px : tuple of int
        Width and height.
    fps : float
        Pictures per second; the film lasts as long as before.
    colors : int or None
        Colours of the whole film; ``None`` for as many as the format has.
    bytes, max_bytes : int
        Length of the file, and what it may be.
    """

    size_px: tuple[int, int]
    fps: float
    colors: int | None
    bytes: int
    max_bytes: int

    def __str__(self) -> str:
        """Sum up the choice in one line."""
        return f"fits {_length(self.max_bytes)}: {_length(self.bytes)} at {self.settings}"

    @property
    def settings(self) -> str:
        """Size, frame rate and colours in words."""
        colors = "all colours" if self.colors is None else f"{self.colors} colours"
        return f"{self.size_px[0]}×{self.size_px[1]}, {self.fps:.3g} fps, {colors}"


@dataclass(frozen=True)
class _Choice:
    scale: float
    step: int
    colors: int | None

    @property
    def loss(self) -> float:
        """What a viewer loses: smooth motion is given up before sharpness, colours before both."""
        lost_colors = 0.0 if self.colors is None else log2(256 / self.colors)
        return -log2(self.scale) + 0.6 * log2(self.step) + 0.2 * lost_colors

    @property
    def relative_length(self) -> float:
        """Length of the file against that of the whole film; only a start, see the exponents."""
        colors = 1.0 if self.colors is None else (self.colors / 256) ** 0.25
        return self.scale**1.3 * self.step**-0.85 * colors


class _TooLong(Exception):  # noqa: N818 -- ends a trial; nobody else sees it
    def __init__(self, estimate: float) -> None:
        super().__init__()
        self.estimate = estimate


def fit_film(
    film: Film, path: Path, max_bytes: int, *, on_frame: Callable[[int], None] | None = None
) -> Fit:
    """Write a film into a file of bounded length.

    Parameters
    ----------
    film : Film
    path : Path
        The finished file, a GIF or a WebP.
    max_bytes : int
    on_frame : callable, optional
        Called with the number of frames by which the furthest trial got further.

    Returns
    -------
    Fit
        What was chosen.

    Raises
    ------
    InvalidInputError
        For a format that has no such choice, or a length below 1.
    OutputError
        When the file can't be written.
    RenderError
        When no choice fits; an older file stays then.
    """
    whole_number("max_bytes", max_bytes)
    if path.suffix.lower() not in FITTABLE:
        raise InvalidInputError(f"max_bytes: is for {' and '.join(FITTABLE)}, got {path.name}")
    trial = path.with_name(f".fitting-{path.name}")
    progress = _Furthest(on_frame)
    left = _choices(film)
    choice = tried = left[0]
    length = 0.0
    best: Fit | None = None
    try:
        for number in range(_ROUNDS):
            tried = choice
            try:
                fit = _try(film, choice, trial, path, max_bytes, progress)
            except _TooLong as failure:
                length = failure.estimate
                left = [other for other in left if not _contains(other, choice)]
            else:
                best, length = fit, fit.bytes
                left = left[: left.index(choice)]
            correction = length / choice.relative_length
            fitting = [c for c in left if c.relative_length * correction <= _MARGIN * max_bytes]
            if best is None and left and (not fitting or number == _ROUNDS - 2):
                choice = left[-1]  # estimates may be wrong: the smallest is tried before giving up
            elif fitting:
                choice = fitting[0]
            else:
                break
        if best is None:
            raise RenderError(
                f"{path.name}: can't fit into {_length(max_bytes)}: {_settings(film, tried)} "
                f"would need about {_length(length)}"
            )
    finally:
        trial.unlink(missing_ok=True)
    progress.reach(film.frame_count)
    return best


def thin(timeline: Timeline, step: int) -> Timeline:
    """Keep every `step`-th moment and the last, each shown until the next one that is kept.

    Parameters
    ----------
    timeline : Timeline
    step : int

    Returns
    -------
    Timeline
        As long as before.
    """
    kept: list[Moment] = []
    for index, moment in enumerate(timeline.moments):
        if index % step == 0 or index == len(timeline.moments) - 1:
            kept.append(replace(moment, index=len(kept)))
        else:
            kept[-1] = replace(kept[-1], repeats=kept[-1].repeats + moment.repeats)
    return replace(timeline, moments=tuple(kept))


def _choices(film: Film) -> list[_Choice]:
    """List what may be tried, best first; the film as it is comes first."""
    longer = max(film.size)
    shorter = min(film.size)
    choices = [
        _Choice(scale, step, colors)
        for scale in _SCALES
        if scale == 1 or (scale * longer >= _SMALLEST_LONG_SIDE_PX and scale * shorter >= 16)
        for step in _STEPS
        if step == 1 or (film.fps / step >= _SLOWEST_FPS and step < len(film))
        for colors in _COLORS
    ]
    return sorted(choices, key=lambda choice: choice.loss)


def _contains(one: _Choice, other: _Choice) -> bool:
    """Tell whether one choice is at least as large as another in every way."""
    return (
        one.scale >= other.scale
        and one.step <= other.step
        and (one.colors or 256) >= (other.colors or 256)
    )


def _size(film: Film, choice: _Choice) -> tuple[int, int]:
    width, height = film.size
    return round(width * choice.scale), round(height * choice.scale)


def _settings(film: Film, choice: _Choice) -> str:
    return Fit(_size(film, choice), film.fps / choice.step, choice.colors, 0, 0).settings


def _try(
    film: Film, choice: _Choice, trial: Path, path: Path, max_bytes: int, progress: _Furthest
) -> Fit:
    """Write one choice, and put it in its place if it fits."""
    smaller = film.variant(size=_size(film, choice), timeline=thin(film.plan, choice.step))
    source = smaller if choice.colors is None else _FewColors(smaller, choice.colors)
    partial = partial_path(trial)
    done = 0
    with open_writer(trial, source) as writer:
        for number, frame in enumerate(source, 1):
            writer.write(frame.pixels, frame.repeats)
            done += frame.repeats
            progress.reach(done)
            share = number / len(smaller)
            length = partial.stat().st_size
            if length > max_bytes and share >= _LEAST_SHARE:
                raise _TooLong(length / share)
    length = trial.stat().st_size
    if length > max_bytes:
        raise _TooLong(length)
    try:
        os.replace(trial, path)
    except OSError as error:
        raise OutputError(f"{path}: can't be written: {error.strerror}") from error
    return Fit(smaller.size, film.fps / choice.step, choice.colors, length, max_bytes)


class _FewColors:
    """A film in a given number of colours, whatever its format."""

    def __init__(self, film: Film, colors: int) -> None:
        self.size = film.size
        self.fps = film.fps
        self._film = film
        self._palette = film.palette(colors)

    def palette(self) -> npt.NDArray[np.uint8]:
        return self._palette

    def __iter__(self) -> Iterator[Frame]:
        nearest = PaletteMap(self._palette)
        opaque = np.full((len(self._palette), 1), 255, np.uint8)
        colors = np.concatenate([self._palette, opaque], axis=1)
        for frame in self._film:
            yield Frame(colors[nearest.indices(frame.pixels)], frame.repeats)


class _Furthest:
    """Tells progress that never goes back, over several trials."""

    def __init__(self, on_frame: Callable[[int], None] | None) -> None:
        self._on_frame = on_frame
        self._told = 0

    def reach(self, frames: int) -> None:
        more = max(0, frames - self._told)
        self._told += more
        if self._on_frame is not None:
            self._on_frame(more)


def _length(number: float) -> str:
    return f"{number / 1e6:.3g} MB" if number >= 1e6 else f"{number / 1e3:.3g} kB"
