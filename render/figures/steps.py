"""Shapes in the forward and the backward step of one layer: equations of rectangles."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from epochreel.nn.errors import InvalidInputError
from epochreel.render.figures.arrays import StepShapes
from epochreel.render.figures.sheet import PAD, Sheet, accents, em_width, sheet
from epochreel.render.figures.words import activation_name, grouped, subscript
from epochreel.render.style import Color, Style

__all__ = ["layer_steps"]

_ROW = 4.6
_HEAD = 2.0
_SIDES = {1: 1.75, 2: 2.9}
_SAMPLES_EMS = 5.0


@dataclass(frozen=True)
class _Array:
    """A rectangle: what it is called, its shape, whether samples are its rows or columns."""

    name: str
    shape: tuple[int, ...]
    color: Color


_Term = _Array | str


def layer_steps(
    step: StepShapes,
    *,
    layer: int = 2,
    ax: Any = None,
    style: Style | str = "light",
    width: str = "blog",
) -> Any:
    """Draw what one layer computes forward and backward, every array with its shape.

    Parameters
    ----------
    step : StepArrays
        Made by :func:`epochreel.nn.step_arrays.step_arrays`.
    layer : int
        From 1.
    ax, style, width
        As in :func:`~epochreel.render.figures.architecture`.

    Returns
    -------
    matplotlib.axes.Axes

    Raises
    ------
    InvalidInputError
        For a layer that there isn't.
    """
    if not 1 <= layer <= len(step.layers):
        raise InvalidInputError(f"layer: must be from 1 to {len(step.layers)}, got {layer}")
    on = sheet(ax, style, width, lambda across: 2 * PAD + 2 * _HEAD + 5 * _ROW + 1.6)
    forward, backward = _equations(on, step, layer)
    spare = (on.height - 2 * PAD - 2 * _HEAD - 5 * _ROW - 1.6) / 7
    y = PAD + spare
    for head, rows in ((f"forward, layer {layer}", forward), (f"backward, layer {layer}", backward)):
        on.text(PAD, y + 1.0, head, weight="semibold", align="left")
        y += _HEAD
        for row in rows:
            _draw_row(on, row, y + _ROW / 2)
            y += _ROW + spare
        y += spare
    note = "a dot is a product element by element; samples are cut short"
    on.text(PAD, on.height - PAD - 0.3, note, 0.8, on.style.muted, align="left")
    return on.axes


def _equations(on: Sheet, step: StepShapes, layer: int) -> tuple[list[list[_Term]], ...]:
    ahead, back = accents(on.style)
    weight = on.style.muted
    shapes, last = step.layers[layer - 1], layer == len(step.layers)
    n, before = subscript(layer), subscript(layer - 1)
    a_in = _Array("X" if layer == 1 else f"A{before}", shapes.inputs, ahead)
    w, b = _Array(f"W{n}", shapes.weights, weight), _Array(f"b{n}", (*shapes.biases, 1), weight)
    z = _Array(f"Z{n}", shapes.outputs, ahead)
    delta = _Array(f"δ{n}", shapes.deltas, back)
    name = activation_name(shapes.activation)
    forward: list[list[_Term]] = [
        [z, "=", w, a_in, "+", b],
        [_Array("Ŷ" if last else f"A{n}", shapes.outputs, ahead), "=", f"{name} (", z, ")"],
    ]
    turned = _Array(f"{a_in.name}ᵀ", shapes.inputs[::-1], ahead)
    if last:
        start: list[_Term] = [delta, "=", "∂ L / ∂", z]
    else:
        after = step.layers[layer]
        m = subscript(layer + 1)
        start = [
            delta, "=", _Array(f"W{m}ᵀ", after.weights[::-1], weight),
            _Array(f"δ{m}", after.deltas, back), "·", "f′ (", z, ")",
        ]  # fmt: skip
    backward: list[list[_Term]] = [
        start,
        [_Array(f"∂W{n}", shapes.weights, back), "=", delta, turned],
        [_Array(f"∂b{n}", (*shapes.biases, 1), back), "=", "Σ over samples", delta],
    ]
    return forward, backward


def _size(term: _Term, scale: float, samples: int) -> tuple[float, float]:
    if isinstance(term, str):
        return em_width(term), 1.0
    high, wide = (
        _SAMPLES_EMS if side == samples and side > 1 else max(0.7, scale * side**0.5)
        for side in term.shape
    )
    return wide, min(high, _ROW - 1.7)


def _draw_row(on: Sheet, row: list[_Term], middle: float) -> None:
    arrays = [term for term in row if not isinstance(term, str)]
    samples = arrays[0].shape[1] if arrays[0].name[0] in "ZAŶδ" else arrays[1].shape[1]
    units = [side for term in arrays for side in term.shape if side != samples]
    scale = (_ROW - 1.7) / max(1, *units) ** 0.5
    sizes = [_size(term, scale, samples) for term in row]
    widths = [
        max(wide, 0.0 if isinstance(term, str) else _words(term))
        for term, (wide, _) in zip(row, sizes, strict=True)
    ]
    gap = min(1.1, (on.width - 2 * PAD - 1.0 - sum(widths)) / max(1, len(row) - 1))
    x = PAD + 1.0
    for term, (wide, high), room in zip(row, sizes, widths, strict=True):
        centre = x + room / 2
        if isinstance(term, str):
            on.text(centre, middle + 0.05, term)
        else:
            on.box(centre - wide / 2, middle - high / 2 - 0.4, wide, high, face=term.color,
                   edge=term.color, face_alpha=0.2, round_by=0.1,
                   label=f"{term.name} {'×'.join(map(str, term.shape))}")  # fmt: skip
            name_fits = em_width(term.name, 1.0, "semibold") < wide - 0.2 and high > 1.3
            if name_fits:
                on.text(centre, middle - 0.05, term.name, weight="semibold")
            words = _shape(term) if name_fits else f"{term.name}: {_shape(term)}"
            on.text(centre, middle + high / 2 + 0.6, words, 0.8, on.style.muted)
        x += room + gap


def _shape(term: _Array) -> str:
    return "×".join(map(grouped, term.shape))


def _words(term: _Array) -> float:
    return em_width(f"{term.name}: {_shape(term)}", 0.8)
