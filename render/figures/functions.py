"""Activations and their derivatives, as small multiples on one scale."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from epochreel.nn.errors import InvalidInputError
from epochreel.render.figures.sheet import PAD, accents, sheet
from epochreel.render.figures.words import activation_name
from epochreel.render.stage import rgb
from epochreel.render.style import Style

__all__ = ["CurveLike", "activations"]

_LEAST_EMS = 10.5


class CurveLike(Protocol):
    """An activation over its sums; see :class:`epochreel.nn.step_arrays.Curve`."""

    @property
    def z(self) -> NDArray[np.float64]:
        """Its sums."""
        ...

    @property
    def f(self) -> NDArray[np.float64]:
        """What it makes of them."""
        ...

    @property
    def slope(self) -> NDArray[np.float64]:
        """Its derivative there."""
        ...

    @property
    def note(self) -> str:
        """What else must be said."""
        ...


def activations(
    curves: Mapping[str, CurveLike],
    *,
    ax: Any = None,
    style: Style | str = "light",
    width: str = "blog",
) -> Any:
    """Draw activations with their derivatives, all on one scale.

    Parameters
    ----------
    curves : mapping
        By name, as :func:`epochreel.nn.step_arrays.activation_curves` gives them.
    ax, style, width
        As in :func:`~epochreel.render.figures.architecture`.

    Returns
    -------
    matplotlib.axes.Axes
        Its ``child_axes`` are the plots.

    Raises
    ------
    InvalidInputError
        Without curves.
    """
    if not curves:
        raise InvalidInputError("curves: must have at least one, got none")
    cells = len(curves) + 1  # the last one is the key

    def columns_at(across: float) -> int:
        most = max(1, int((across - 2 * PAD) / _LEAST_EMS))
        rows = -(-cells // most)
        return -(-cells // rows)

    def need(across: float) -> float:
        columns = columns_at(across)
        pitch = (across - 2 * PAD) / columns
        return 2 * PAD + -(-cells // columns) * (1.6 + min(0.62 * pitch, 7.0) + 1.4)

    on = sheet(ax, style, width, need)
    columns = columns_at(on.width)
    rows = -(-cells // columns)
    pitch, step = (on.width - 2 * PAD) / columns, (on.height - 2 * PAD) / rows
    forward, backward = accents(on.style)
    low = min(float(curve.f.min()) for curve in curves.values())
    high = max(float(curve.f.max()) for curve in curves.values())
    first = next(iter(curves.values()))
    low = max(low, -2.0)  # only the straight line goes on below
    for place, (name, curve) in enumerate(curves.items()):
        x = PAD + (place % columns) * pitch
        y = PAD + (place // columns) * step
        on.text(x + 1.5, y + 1.0, activation_name(name), weight="semibold", align="left")
        if curve.note:
            on.text(x + pitch - 0.4, y + 1.0, curve.note, 0.78, on.style.muted, align="right")
        inner = on.plot(x + 1.5, y + 1.5, pitch - 1.9, step - 3.2)
        inner.set_xlim(float(first.z[0]), float(first.z[-1]))
        inner.set_ylim(low - 0.2, high)
        inner.set_xticks([-4, 0, 4] if first.z[0] == -4 else [float(first.z[0]), 0.0])
        inner.set_yticks([-2, 0, 2, 4])
        if place % columns:
            inner.set_yticklabels([])
        if place + columns < len(curves):
            inner.set_xticklabels([])
        for side in ("top", "right"):
            inner.spines[side].set_visible(False)
        inner.plot(curve.z, curve.slope, color=rgb(backward), linewidth=1.5 * on.line,
                   dashes=(4, 1.6), label="f′(z)")  # fmt: skip
        inner.plot(curve.z, curve.f, color=rgb(forward), linewidth=2.4 * on.line, label="f(z)")
    x = PAD + (len(curves) % columns) * pitch + 2.2
    y = PAD + (len(curves) // columns) * step + 1.5 + (step - 3.2) / 2
    on.path((x, x + 2.2), (y - 1.0, y - 1.0), forward, line=2.4)
    on.text(x + 2.8, y - 0.7, "f(z)", align="left")
    on.path((x, x + 2.2), (y + 0.7, y + 0.7), backward, line=1.5, dashed=True)
    on.text(x + 2.8, y + 1.0, "f′(z)", align="left")
    return on.axes
