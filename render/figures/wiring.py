"""The diagram of a network: its layers side by side, wide ones abridged."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol

from epochreel.render.figures.sheet import PAD, Sheet, abridge, accents, em_width, sheet
from epochreel.render.figures.words import activation_name, grouped
from epochreel.render.style import Style

__all__ = ["LayerLike", "Structured", "architecture"]

_MOST_UNITS = 8
_LAYER_EMS = 4.9  # what a layer's words need


class LayerLike(Protocol):
    """A layer, as far as figures go."""

    @property
    def input_dim(self) -> int:
        """Number of inputs."""
        ...

    @property
    def output_dim(self) -> int:
        """Number of units."""
        ...

    @property
    def activation(self) -> str:
        """Name of its activation."""
        ...


class Structured(Protocol):
    """Whatever knows its layers: a network, or a recording of one."""

    @property
    def architecture(self) -> Sequence[LayerLike]:
        """Its dense layers, from the inputs to the outputs."""
        ...


def architecture(
    network: Structured,
    *,
    feature_names: Sequence[str] = (),
    ax: Any = None,
    style: Style | str = "light",
    width: str = "blog",
) -> Any:
    """Draw the layers of a network and their units.

    Parameters
    ----------
    network : Network or recording
        Anything with an ``architecture``.
    feature_names : sequence of str
        Written beside the inputs, if there's room.
    ax : matplotlib.axes.Axes, optional
        Drawn on instead of a figure of its own.
    style : Style or str
    width : str
        ``"column"``, ``"slide"`` or ``"blog"``.

    Returns
    -------
    matplotlib.axes.Axes
    """
    layers = network.architecture
    on = sheet(ax, style, width, lambda across: min(22.0, max(18.0, 0.4 * across)))
    most = max(3, int((on.width - 2 * PAD) / _LAYER_EMS))
    sizes = [layers[0].input_dim, *(layer.output_dim for layer in layers)]
    columns = abridge(len(sizes), most)
    names = [name for name in feature_names if len(feature_names) == sizes[0] <= _MOST_UNITS]
    beside = max((em_width(name) for name in names), default=0.0)
    left = PAD + max(_LAYER_EMS / 2, beside + 1.8)
    right = on.width - PAD - _LAYER_EMS / 2
    gap = (right - left) / max(1, len(columns) - 1)
    top, bottom = PAD + 2.6, on.height - PAD - 4.0
    rows = min(_MOST_UNITS, max(sizes))
    step = min((bottom - top) / max(1, rows - 1), 2.6)
    middle, radius = (top + bottom) / 2, min(0.8, 0.36 * step, 0.2 * gap)
    half = (rows - 1) / 2 * step + radius

    def places(layer: int) -> tuple[list[float], float | None]:
        shown = abridge(sizes[layer], _MOST_UNITS)
        ys = [middle + (row - (len(shown) - 1) / 2) * step for row in range(len(shown))]
        gaps = [y for y, unit in zip(ys, shown, strict=True) if unit is None]
        return [y for y, unit in zip(ys, shown, strict=True) if unit is not None], next(
            iter(gaps), None
        )

    for index, layer in enumerate(columns):
        x = left + index * gap
        if layer is None:
            on.dots(x, middle, on.style.muted, upright=False)
            continue
        ys, hole = places(layer)
        if index and columns[index - 1] is not None:
            for before in places(layer - 1)[0]:
                for y in ys:
                    on.path((x - gap, x), (before, y), on.style.axis, line=0.7, alpha=0.55)
        _draw_layer(on, x, ys, hole, radius, layer, layers, sizes)
        _label(on, x, middle - half - 1.2, middle + half + 1.9, layer, layers, sizes)
        if layer == 0:
            for name, y in zip(names, ys, strict=False):
                on.text(x - radius - 0.5, y + 0.35, name, align="right")
    return on.axes


def _draw_layer(
    on: Sheet, x: float, ys: Sequence[float], hole: float | None, radius: float, layer: int,
    layers: Sequence[LayerLike], sizes: Sequence[int],
) -> None:  # fmt: skip
    forward, backward = accents(on.style)
    color = on.style.muted if layer == 0 else backward if layer == len(layers) else forward
    if hole is not None:
        on.dots(x, hole, color, upright=True, gap=min(0.45, 0.6 * radius))
    for number, y in enumerate(ys):
        # the ground beneath first: lines must not shine through
        on.circle(x, y, radius, face=on.style.ground, edge=on.style.ground, line=0)
        on.circle(x, y, radius, face=color, edge=color, face_alpha=0.22,
                  label=f"layer {layer} of {sizes[layer]}: unit {number}")  # fmt: skip


def _label(
    on: Sheet, x: float, above: float, below: float, layer: int, layers: Sequence[LayerLike],
    sizes: Sequence[int],
) -> None:  # fmt: skip
    last = layer == len(layers)
    kind = "inputs" if layer == 0 else "output" if last else f"layer {layer}"
    on.text(x, above, kind, weight="semibold")
    if layer == 0:
        on.text(x, below, grouped(sizes[0]))
        on.text(x, below + 1.35, "features" if sizes[0] > 1 else "feature", 0.9, on.style.muted)
        return
    on.text(x, below, f"{grouped(sizes[layer])} unit{'' if sizes[layer] == 1 else 's'}")
    words = activation_name(layers[layer - 1].activation)
    on.text(x, below + 1.35, words, 0.9, on.style.muted)
