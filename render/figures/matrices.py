"""Shapes of W and b, layer by layer, each drawn to scale."""

from __future__ import annotations

from typing import Any

from epochreel.render.figures.sheet import PAD, Sheet, abridge, accents, sheet
from epochreel.render.figures.wiring import LayerLike, Structured
from epochreel.render.figures.words import grouped, subscript
from epochreel.render.style import Style

__all__ = ["shapes"]

_LAYER_EMS = 6.6
_MOST_LAYERS = 12
_TALLEST = 6.5
_WORDS = 7.8  # what stands above and below the rectangles


def shapes(
    network: Structured,
    *,
    ax: Any = None,
    style: Style | str = "light",
    width: str = "blog",
) -> Any:
    """Draw the weights and biases of each layer as rectangles, sides as the root of their lengths.

    Parameters
    ----------
    network : Network or recording
        Anything with an ``architecture``.
    ax, style, width
        As in :func:`~epochreel.render.figures.architecture`.

    Returns
    -------
    matplotlib.axes.Axes
    """
    layers = network.architecture
    shown = abridge(len(layers), _MOST_LAYERS)

    def rows_at(across: float) -> int:
        return -(-len(shown) // max(1, int((across - 2 * PAD) / _LAYER_EMS)))

    def tallest(across: float) -> float:
        pitch = (across - 2 * PAD) / -(-len(shown) // rows_at(across))
        return min(_TALLEST, (pitch - 3.2) / 1.15)

    def need(across: float) -> float:
        return 2 * PAD + rows_at(across) * (_WORDS + tallest(across)) + 1.8

    on = sheet(ax, style, width, need)
    rows = rows_at(on.width)
    columns = -(-len(shown) // rows)
    pitch = (on.width - 2 * PAD) / columns
    spare = (on.height - need(on.width)) / rows
    high = min(tallest(on.width) + max(0.0, spare - 1.0), (pitch - 3.2) / 1.15)
    row = (on.height - 2 * PAD - 1.8) / rows
    longest = max(max(layer.input_dim, layer.output_dim) for layer in layers) ** 0.5
    for place, index in enumerate(shown):
        x = PAD + (place % columns + 0.5) * pitch
        middle = PAD + (place // columns + 0.5) * row - 0.7
        if index is None:
            on.dots(x, middle, on.style.muted, upright=False)
        else:
            _draw_layer(on, x, middle, index + 1, layers[index], high, high / longest)
    total = sum((layer.input_dim + 1) * layer.output_dim for layer in layers)
    on.text(on.width / 2, on.height - PAD - 0.4,
            f"{grouped(total)} parameters in all; sides grow with the root of their lengths",
            0.85, on.style.muted)  # fmt: skip
    return on.axes


def _draw_layer(
    on: Sheet, x: float, middle: float, number: int, layer: LayerLike, tall: float, scale: float
) -> None:
    forward, backward = accents(on.style)
    units, inputs = layer.output_dim, layer.input_dim
    high, wide, thin = (max(0.3, scale * n**0.5) for n in (units, inputs, 1))
    thin = max(0.45, thin)
    gap = 1.1
    left = x - (wide + gap + thin) / 2 + 0.4
    on.text(x, middle - tall / 2 - 2.2, f"layer {number}", weight="semibold")
    on.box(left, middle - high / 2, wide, high, face=forward, edge=forward, face_alpha=0.22,
           label=f"W{number} {units}×{inputs}")  # fmt: skip
    right = left + wide + gap
    on.box(right, middle - high / 2, thin, high, face=backward, edge=backward, face_alpha=0.22,
           label=f"b{number} {units}")  # fmt: skip
    above = middle - high / 2 - 0.45
    on.text(left + wide / 2, above, grouped(inputs), 0.8, on.style.muted)
    on.text(right + thin / 2, above, "1", 0.8, on.style.muted)
    on.text(left - 0.3, middle + 0.3, grouped(units), 0.8, on.style.muted, align="right")
    below = middle + tall / 2 + 1.4
    n = subscript(number)
    on.text(min(left + wide / 2, right + thin / 2 - 2.0), below, f"W{n}", weight="semibold")
    on.text(right + thin / 2, below, f"b{n}", weight="semibold")
    count = units * (inputs + 1)
    on.text(x, below + 1.4, f"{grouped(units * inputs)} + {grouped(units)}", 0.85)
    on.text(x, below + 2.6, f"= {grouped(count)}", 0.85, on.style.muted)
