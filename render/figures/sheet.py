"""What figures are drawn on: axes that count in ems, so that type keeps its size at every width.

A figure for a journal's column is not a slide made smaller: it is 34 ems wide where a slide is 51,
and whatever is drawn asks the sheet how much room there is.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from math import hypot
from typing import Any, Literal

from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.font_manager import FontProperties
from matplotlib.lines import Line2D
from matplotlib.patches import Circle, FancyArrowPatch, FancyBboxPatch, Rectangle

from epochreel.nn.errors import unknown_name
from epochreel.render.showing import ShownAxes, ShownFigure
from epochreel.render.stage import rgb
from epochreel.render.style import Color, Style, load_style, register_fonts, text_font
from epochreel.render.text import text_width

__all__ = ["PAD", "WIDTHS", "Sheet", "Width", "abridge", "accents", "as_style", "em_width", "sheet"]

PAD = 0.6
"""Margin on all sides, in ems."""

_FAMILY = "IBM Plex Sans"
_RAISED = "ᵀ"  # the font hasn't one: a small T is raised
_SMALL = 0.66
_MEASURED_PX = 64.0
_ROUNDS = 4
_USUAL_EM = 10.0  # Matplotlib's own size of type, in points
_LEAST_EMS = 33.0  # in less, words meet


@dataclass(frozen=True)
class Width:
    """One width that figures are made for.

    Attributes
    ----------
    points : float
        1/72 inch.
    em : float
        Size of the body type, in points.
    dpi : float
        Pixels per inch of a PNG.
    ratio : float or None
        Width by height; as high as it needs when left out.
    """

    points: float
    em: float
    dpi: float
    ratio: float | None


WIDTHS: dict[str, Width] = {
    "column": Width(85 / 25.4 * 72, 7.0, 300.0, None),
    "slide": Width(254 / 25.4 * 72, 13.0, 192.0, 16 / 9),
    "blog": Width(540.0, 9.75, 96.0, None),
}

Align = Literal["left", "center", "right"]


@dataclass(frozen=True, eq=False)
class Sheet:
    """Axes over a rectangle that counts in ems, x to the right and y down.

    Attributes
    ----------
    axes : matplotlib.axes.Axes
    width, height : float
        In ems.
    em : float
        In points.
    style : Style
    """

    axes: Any  # Matplotlib's stubs leave its keyword arguments untyped
    width: float
    height: float
    em: float
    style: Style

    @property
    def line(self) -> float:
        """Width of a thin line, in points."""
        return 0.075 * self.em

    def text(
        self,
        x: float,
        y: float,
        text: str,
        size: float = 1.0,
        color: Color | None = None,
        *,
        weight: str = "normal",
        align: Align = "center",
        alpha: float = 1.0,
        rotation: float = 0.0,
    ) -> None:
        """Write a line whose baseline is at `y`; ``ᵀ`` becomes a raised T."""
        color = self.style.ink if color is None else color
        if _RAISED in text:
            self._with_raised(x, y, text, size, color, weight, align, alpha)
            return
        self.axes.text(
            x, y, text, fontproperties=font(size * self.em, weight), color=rgb(color), ha=align,
            va="baseline", parse_math=False, alpha=alpha, rotation=rotation,
            rotation_mode="anchor", zorder=5,
        )  # fmt: skip

    def _with_raised(
        self, x: float, y: float, text: str, size: float, color: Color, weight: str, align: Align,
        alpha: float,
    ) -> None:  # fmt: skip
        width = em_width(text, size, weight)
        x -= {"left": 0.0, "center": width / 2, "right": width}[align]
        for index, part in enumerate(text.split(_RAISED)):
            if index:
                self.text(x, y - 0.36 * size, "T", _SMALL * size, color, weight=weight,
                          align="left", alpha=alpha)  # fmt: skip
                x += em_width(_RAISED, size, weight)
            if part:
                self.text(x, y, part, size, color, weight=weight, align="left", alpha=alpha)
                # what stands at an end of a line is measured as if nothing did
                x += em_width(part, size, weight)

    def box(
        self, x: float, y: float, width: float, height: float, *, face: Color | None = None,
        edge: Color | None = None, face_alpha: float = 1.0, alpha: float = 1.0, line: float = 1.0,
        round_by: float = 0.0, zorder: float = 2.0, label: str = "",
    ) -> Any:  # fmt: skip
        """Draw a rectangle from its upper left corner; corners rounded by so many ems."""
        look: dict[str, Any] = {
            "facecolor": "none" if face is None else (*rgb(face), face_alpha * alpha),
            "edgecolor": "none" if edge is None else (*rgb(edge), alpha),
            "linewidth": 0.0 if edge is None else line * self.line,
            "zorder": zorder,
            "label": label,
        }
        if round_by:
            style = f"round,pad=0,rounding_size={round_by}"
            patch = FancyBboxPatch((x, y), width, height, boxstyle=style, **look)
        else:
            patch = Rectangle((x, y), width, height, **look)
        return self.axes.add_patch(patch)

    def circle(
        self, x: float, y: float, radius: float, *, face: Color, edge: Color, line: float = 1.4,
        face_alpha: float = 1.0, zorder: float = 3.0, label: str = "",
    ) -> None:  # fmt: skip
        """Draw a circle."""
        self.axes.add_patch(
            Circle((x, y), radius, facecolor=(*rgb(face), face_alpha), edgecolor=rgb(edge),
                   linewidth=line * self.line, zorder=zorder, label=label)
        )  # fmt: skip

    def path(
        self, xs: Sequence[float], ys: Sequence[float], color: Color, *, line: float = 1.0,
        alpha: float = 1.0, zorder: float = 1.0, dashed: bool = False,
    ) -> None:  # fmt: skip
        """Draw a line through points."""
        self.axes.add_line(
            Line2D(xs, ys, color=rgb(color), linewidth=line * self.line, alpha=alpha,
                   zorder=zorder, linestyle=(0, (3, 2)) if dashed else "-",
                   solid_capstyle="round", dash_capstyle="butt")
        )  # fmt: skip

    def arrow(
        self, start: tuple[float, float], end: tuple[float, float], color: Color, *,
        line: float = 1.4, alpha: float = 1.0, zorder: float = 1.5,
    ) -> None:  # fmt: skip
        """Draw an arrow whose tip is at `end`."""
        length = min(0.55, 0.6 * hypot(end[0] - start[0], end[1] - start[1]))
        self.axes.add_patch(
            FancyArrowPatch(
                start, end, color=rgb(color), linewidth=line * self.line, alpha=alpha,
                zorder=zorder, shrinkA=0, shrinkB=0, capstyle="butt", joinstyle="miter",
                mutation_scale=self.em,
                arrowstyle=f"-|>,head_length={length},head_width={0.42 * length}",
            )
        )  # fmt: skip

    def dots(self, x: float, y: float, color: Color, *, upright: bool, gap: float = 0.5) -> None:
        """Draw three dots that stand for what is left out."""
        for step in (-1, 0, 1):
            across, down = (0.0, step * gap) if upright else (step * gap, 0.0)
            self.axes.add_patch(
                Circle((x + across, y + down), 0.1, facecolor=rgb(color), linewidth=0, zorder=3)
            )

    def plot(self, x: float, y: float, width: float, height: float) -> Any:
        """Make axes of their own for data, in the sheet's place; quiet spines and ticks."""
        inner = self.axes.inset_axes(
            (
                x / self.width,
                1 - (y + height) / self.height,
                width / self.width,
                height / self.height,
            )
        )
        dress(inner, self.style, self.em)
        return inner


def dress(axes: Any, style: Style, em: float) -> None:
    """Give axes of data the style's colours and the sheet's type."""
    axes.set_facecolor("none")
    for side in axes.spines.values():
        side.set_color(rgb(style.axis))
        side.set_linewidth(0.075 * em)
    axes.tick_params(
        length=0.3 * em, width=0.075 * em, color=rgb(style.axis), labelcolor=rgb(style.muted),
        labelsize=0.85 * em, labelfontfamily=_FAMILY, pad=0.25 * em,
    )  # fmt: skip
    if style.grid:
        axes.grid(
            True, color=style.rc["grid.color"], alpha=style.rc["grid.alpha"], linewidth=0.06 * em
        )
        axes.set_axisbelow(True)


def sheet(axes: Any, style: Style | str, width: str, need: Callable[[float], float]) -> Sheet:
    """Make a sheet on a figure of its own, or over axes that are there.

    Parameters
    ----------
    axes : matplotlib.axes.Axes or None
        Taken over whole: they count in ems from now on.
    style : Style or str
    width : str
        A key of :data:`WIDTHS`; says nothing where there are axes.
    need : callable
        Height that is needed at a width, both in ems.

    Returns
    -------
    Sheet
        As high as it needs, or higher where the height is given. Type gets smaller where it is not
        enough.

    Raises
    ------
    InvalidInputError
        For an unknown width or style.
    """
    look = as_style(style)
    register_fonts()  # tick labels know their font by its name only
    if axes is None:
        axes, em, points = _new(look, width, need)
    else:
        box = axes.get_window_extent()
        points = box.width / axes.figure.dpi * 72, box.height / axes.figure.dpi * 72
        em = min(_USUAL_EM, points[0] / _LEAST_EMS)
    for _ in range(_ROUNDS):  # a smaller em makes more room across, and so may need less height
        em *= min(1.0, points[1] / em / need(points[0] / em))
    across, down = points[0] / em, points[1] / em
    axes.set_axis_off()
    axes.set_xlim(0, across)
    axes.set_ylim(down, 0)
    return Sheet(axes, across, down, em, look)


def new_figure(style: Style, width: str, height_em: Callable[[float], float]) -> Any:
    """Make a figure of one of the widths, as high as is asked for unless the width has a ratio."""
    if width not in WIDTHS:
        raise unknown_name("width", width, WIDTHS)
    chosen = WIDTHS[width]
    high = height_em(chosen.points / chosen.em) * chosen.em
    high = chosen.points / chosen.ratio if chosen.ratio else high
    # whole pixels of a PNG, so that nothing is cut at an edge
    pixels = [round(length / 72 * chosen.dpi) for length in (chosen.points, high)]
    figure: Any = ShownFigure(
        figsize=(pixels[0] / chosen.dpi, pixels[1] / chosen.dpi), dpi=chosen.dpi,
        facecolor=rgb(style.ground),
    )  # fmt: skip
    FigureCanvasAgg(figure)
    return figure


def _new(
    style: Style, width: str, need: Callable[[float], float]
) -> tuple[Any, float, tuple[float, float]]:
    figure = new_figure(style, width, need)
    axes = figure.add_axes((0, 0, 1, 1), axes_class=ShownAxes)
    across, down = (float(side) * 72 for side in figure.get_size_inches())
    em = WIDTHS[width].em
    if WIDTHS[width].ratio:  # what leaves room on a slide is drawn larger
        larger = [em * step / 10 for step in (14, 13, 12, 11)]
        em = next((one for one in larger if need(across / one) * one <= down), em)
    return axes, em, (across, down)


def as_style(style: Style | str) -> Style:
    """Load a style by its name, or take it as it is."""
    return load_style(style) if isinstance(style, str) else style


def font(size: float, weight: str = "normal") -> FontProperties:
    """Bundled font, `size` in points: by its file for whoever draws, by its name for SVG."""
    return FontProperties(family=_FAMILY, weight=weight, size=size, fname=text_font(weight))


@cache
def em_width(text: str, size: float = 1.0, weight: str = "normal") -> float:
    """Width of a line of text in ems."""
    raised = text.count(_RAISED)
    plain = text_width(text.replace(_RAISED, ""), _MEASURED_PX, weight) if text else 0.0
    one = text_width("T", _MEASURED_PX, weight) * _SMALL + 0.08 * _MEASURED_PX if raised else 0.0
    return size * (plain + raised * one) / _MEASURED_PX


def accents(style: Style) -> tuple[Color, Color]:
    """Two colours from the ends of the field's, which stand out from the ground.

    Returns
    -------
    tuple of Color
        The first for what goes forward, the second for what comes back.
    """
    ramp = style.band_colors(10)
    found: list[Color] = []
    for places in ((8, 9, 7), (1, 0, 2)):
        clear = [place for place in places if contrast(ramp[place], style.ground) >= 3]
        red, green, blue = (int(channel) for channel in ramp[(clear or places)[0]])
        found.append((red, green, blue))
    return found[0], found[1]


def contrast(one: Sequence[Any], other: Sequence[Any]) -> float:
    """Ratio of relative luminances. Source: WCAG 2.2, definition of contrast ratio."""
    lights: list[float] = []
    for color in (one, other):
        linear = [
            c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4
            for c in (float(channel) / 255 for channel in color)
        ]
        lights.append(0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2])
    return (max(lights) + 0.05) / (min(lights) + 0.05)


def abridge(count: int, most: int) -> list[int | None]:
    """Choose which of `count` things are shown where `most` fit; ``None`` stands for a gap."""
    if count <= most:
        return list(range(count))
    shown = max(2, most - 1)
    first = -(-shown // 2)
    return [*range(first), None, *range(count - (shown - first), count)]
