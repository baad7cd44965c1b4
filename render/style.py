"""The look: colours from an ``.mplstyle`` file, type sizes from the frame's size, one bundled font.

A style is an ordinary Matplotlib style sheet. Besides what Matplotlib itself reads from it,
Epochreel takes the colours of what it paints without Matplotlib from the same file (which entry
means what stands in :class:`Style`).
"""

from __future__ import annotations

from collections.abc import Generator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Any

import matplotlib
import numpy as np
import numpy.typing as npt
from matplotlib import font_manager
from matplotlib.colors import Colormap, to_rgb

from epochreel.nn.errors import unknown_name
from epochreel.render.class_colors import class_palette
from epochreel.render.looks import COLORMAPS, STYLES

__all__ = [
    "COLORMAPS",
    "STYLES",
    "Color",
    "Style",
    "TypeScale",
    "load_style",
    "register_fonts",
    "text_font",
]

Color = tuple[int, int, int]

_FONT_FILES = ("IBMPlexSans-Regular.ttf", "IBMPlexSans-Italic.ttf", "IBMPlexSans-SemiBold.ttf")


@dataclass(frozen=True)
class TypeScale:
    """Four sizes of type on a ratio of 1.25, and the lengths that go with them, in pixels."""

    small: float
    body: float
    heading: float
    title: float
    margin: float
    line: float

    @classmethod
    def of_size(cls, size: tuple[int, int]) -> TypeScale:
        """Derive all lengths from a frame's size.

        Parameters
        ----------
        size : tuple of int
            Width and height of the frame in pixels. Only the short side counts, so that a film at
            half the size has the same proportions.
        """
        short = min(size)
        small = 0.0205 * short
        return cls(
            small=small,
            body=small * 1.25,
            heading=small * 1.25**2,
            title=small * 1.25**3,
            margin=0.04 * short,
            line=max(1.0, short / 800),
        )


@dataclass(frozen=True)
class Style:
    """One look, ready to draw with.

    Attributes
    ----------
    name : str
    rc : mapping
        What the style sheet sets, for Matplotlib.
    colormap : Colormap
        Colours of the field over probabilities in [0, 1].
    ground, ink, muted, axis : tuple of int
        RGB in 0..255 of ``figure.facecolor``, ``text.color``, ``xtick.labelcolor``,
        ``axes.edgecolor``.
    isoline, halo, ring : tuple of int
        RGB in 0..255 of ``lines.color``, ``hatch.color``, ``patch.edgecolor``.
    grid : bool
        Whether a faint grid is drawn over the field (``axes.grid``).
    """

    name: str
    rc: Mapping[str, Any]
    colormap: Colormap
    ground: Color
    ink: Color
    muted: Color
    axis: Color
    isoline: Color
    halo: Color
    ring: Color
    grid: bool

    @contextmanager
    def context(self) -> Generator[None]:
        """Set Matplotlib up for this style while the ``with`` block runs."""
        register_fonts()
        # Matplotlib's stubs leave parts of it untyped; Any says so once.
        mpl: Any = matplotlib
        with mpl.rc_context({**mpl.rcParamsDefault, **self.rc}):
            yield

    def band_colors(self, bands: int) -> npt.NDArray[np.uint8]:
        """Colours of equal steps of probability.

        Parameters
        ----------
        bands : int
            Number of steps over [0, 1].

        Returns
        -------
        ndarray of uint8, shape (bands, 3)
            The colormap at the middle of each step, as ``contourf`` with ``bands + 1`` levels from
            0 to 1 has it.
        """
        return self._colors((np.arange(bands) + 0.5) / bands)

    def class_colors(self, classes: int) -> npt.NDArray[np.uint8]:
        """Colours of classes, shape (classes, 3).

        Of two, the field's own at the ends of the scale; of more, a palette that has no order.
        """
        if classes > 2:
            return class_palette(classes)
        return self._colors(np.linspace(0.0, 1.0, 2))

    def series_colors(self, count: int) -> list[Color]:
        """Colours of lines that must be told apart, such as models; they begin anew after some.

        Those of ``axes.prop_cycle``, which can be told apart with colour-vision deficiencies and
        read as text on the ground.
        """
        names: list[str] = self.rc["axes.prop_cycle"].by_key()["color"]
        cycle = [_bytes(name) for name in names]
        return [cycle[index % len(cycle)] for index in range(count)]

    def _colors(self, values: npt.NDArray[np.float64]) -> npt.NDArray[np.uint8]:
        """Round as Agg does; the colormap's own ``bytes=True`` cuts off and is one level darker."""
        return np.rint(255 * np.asarray(self.colormap(values))[:, :3]).astype(np.uint8)


def load_style(name: str, colormap: str | None = None) -> Style:
    """Load a style by name.

    Parameters
    ----------
    name : str
        A key of :data:`STYLES`.
    colormap : str, optional
        A key of :data:`COLORMAPS`; ``"Spectral"`` when left out.

    Returns
    -------
    Style

    Raises
    ------
    InvalidInputError
        For an unknown style or colormap.
    """
    colormap = colormap or "Spectral"
    if name not in STYLES:
        raise unknown_name("style", name, STYLES)
    if colormap not in COLORMAPS:
        raise unknown_name("colormap", colormap, COLORMAPS)
    rc = _read_style(name)

    def color(key: str) -> Color:
        return _bytes(rc[key])

    return Style(
        name=name,
        rc=rc,
        colormap=matplotlib.colormaps[colormap],
        ground=color("figure.facecolor"),
        ink=color("text.color"),
        muted=color("xtick.labelcolor"),
        axis=color("axes.edgecolor"),
        isoline=color("lines.color"),
        halo=color("hatch.color"),
        ring=color("patch.edgecolor"),
        grid=bool(rc["axes.grid"]),
    )


def _bytes(color: str) -> Color:
    red, green, blue = (round(255 * channel) for channel in to_rgb(color))
    return red, green, blue


def text_font(weight: str = "normal") -> str:
    """Path of the bundled font's file, ``"normal"`` or ``"semibold"``."""
    file = "IBMPlexSans-SemiBold.ttf" if weight == "semibold" else "IBMPlexSans-Regular.ttf"
    return str(resources.files("epochreel.render") / "fonts" / file)


@cache
def _read_style(name: str) -> Mapping[str, Any]:
    path = str(resources.files("epochreel.render") / "styles" / f"{name}.mplstyle")
    mpl: Any = matplotlib
    return dict(mpl.rc_params_from_file(path, use_default_template=False))


@cache
def register_fonts() -> None:
    """Let Matplotlib find the bundled font by its name."""
    for file in _FONT_FILES:
        path = str(resources.files("epochreel.render") / "fonts" / file)
        manager: Any = font_manager.fontManager
        manager.addfont(path)
