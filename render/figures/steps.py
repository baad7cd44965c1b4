"""Shapes in the forward and the backward step of one layer: equations of rectangles."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from epochreel.nn.errors import InvalidInputError
from epochreel.render.figures.arrays import StepShapes
from epochreel.render.figures.sheet import PAD, Sheet, accents, as_style, em_width, sheet
from epochreel.render.figures.words import activation_name, grouped, subscript
from epochreel.render.style import Color, Style

__all__ = ["layer_steps"]

_ROW = 4.6
_HEAD = 2.0
_NOTE = 1.6
_NEAR = 0.8
_SAMPLES_EMS = 5.0


@dataclass(frozen=True)
class _Array:
    """A rectangle: what it is called, its shape, what its rows and columns are."""

    name: str
    shape: tuple[int, ...]
    color: Color
    sides: tuple[str, str] = ("units", "samples")


_Term = _Array | str
_PLAIN = ("units", "inputs")


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

    look = as_style(style)
    forward, backward = _equations(look, step, layer)
    most = max(1, *_units(step, layer)) ** 0.5

    def side_by_side(across: float) -> bool:
        return _together(forward, backward, _ROW, most) <= across - 2 * PAD

    def need(across: float) -> float:
        rows, heads = (3, 1.0) if side_by_side(across) else (5, 2.4)
        return 2 * PAD + heads * _HEAD + rows * _ROW + _NOTE

    on = sheet(ax, look, width, need)
    beside = side_by_side(on.width)
    row = (on.height - need(on.width)) / (3 if beside else 5) + _ROW
    row = min(row, 1.5 * _ROW)
    while beside and row > _ROW and _together(forward, backward, row, most) > on.width - 2 * PAD:
        row -= 0.1
    filled = need(on.width) + (3 if beside else 5) * (row - _ROW)
    top = PAD + (on.height - filled) / 2
    scale = (row - 1.7) / most
    _draw_part(on, f"forward, layer {layer}", forward, (PAD, top), row, scale)
    if beside:
        place = (on.width - PAD - 0.6 - max(_natural(terms, row, scale) for terms in backward), top)
    else:
        place = (PAD, top + 1.4 * _HEAD + 2 * row)
    _draw_part(on, f"backward, layer {layer}", backward, place, row, scale)
    note = f"a dot is a product element by element; sides of {grouped(step.samples)} are cut short"
    on.text(PAD, on.height - PAD - 0.3, note, 0.8, on.style.muted, align="left")
    return on.axes


def _units(step: StepShapes, layer: int) -> list[int]:
    near = step.layers[layer - 1 : layer + 1]
    return [side for one in near for side in one.weights]


def _draw_part(
    on: Sheet, head: str, rows: list[list[_Term]], place: tuple[float, float], row: float,
    scale: float,
) -> None:  # fmt: skip
    x, y = place
    on.text(x, y + 1.0, head, weight="semibold", align="left")
    for number, terms in enumerate(rows):
        _draw_row(on, terms, x, y + _HEAD + (number + 0.5) * row, row, scale)


def _equations(style: Style, step: StepShapes, layer: int) -> tuple[list[list[_Term]], ...]:
    ahead, back = accents(style)
    weight = style.muted
    shapes, last = step.layers[layer - 1], layer == len(step.layers)
    n, before = subscript(layer), subscript(layer - 1)
    a_in = _Array("X" if layer == 1 else f"A{before}", shapes.inputs, ahead)
    w = _Array(f"W{n}", shapes.weights, weight, _PLAIN)
    b = _Array(f"b{n}", (*shapes.biases, 1), weight, _PLAIN)
    z = _Array(f"Z{n}", shapes.outputs, ahead)
    delta = _Array(f"δ{n}", shapes.deltas, back)
    name = activation_name(shapes.activation)
    forward: list[list[_Term]] = [
        [z, "=", w, a_in, "+", b],
        [_Array("Ŷ" if last else f"A{n}", shapes.outputs, ahead), "=", f"{name} (", z, ")"],
    ]
    turned = _Array(f"{a_in.name}ᵀ", shapes.inputs[::-1], ahead, ("samples", "units"))
    if last:
        start: list[_Term] = [delta, "=", "∂ L / ∂", z]
    else:
        after = step.layers[layer]
        m = subscript(layer + 1)
        start = [
            delta, "=", _Array(f"W{m}ᵀ", after.weights[::-1], weight, _PLAIN),
            _Array(f"δ{m}", after.deltas, back), "·", "f′ (", z, ")",
        ]  # fmt: skip
    backward: list[list[_Term]] = [
        start,
        [_Array(f"∂W{n}", shapes.weights, back, _PLAIN), "=", delta, turned],
        [_Array(f"∂b{n}", (*shapes.biases, 1), back, _PLAIN), "=", "Σ over samples", delta],
    ]
    return forward, backward


def _size(term: _Term, scale: float) -> tuple[float, float]:
    if isinstance(term, str):
        return em_width(term), 1.0
    high, wide = (
        # samples are many: their side has one length
        _SAMPLES_EMS if name == "samples" else max(0.7, scale * side**0.5)
        for name, side in zip(term.sides, term.shape, strict=True)
    )
    return wide, high


def _widths(row: list[_Term], height: float, scale: float) -> list[tuple[float, float, float]]:
    """Width and height of each term, and the width that its words need."""
    found: list[tuple[float, float, float]] = []
    for term in row:
        wide, high = _size(term, scale)
        high = min(high, height - 1.7)
        words = 0.0 if isinstance(term, str) else _words(term, wide, high)
        found.append((wide, high, max(wide, words)))
    return found


def _natural(row: list[_Term], height: float, scale: float) -> float:
    return sum(room for _, _, room in _widths(row, height, scale)) + _NEAR * (len(row) - 1)


def _together(
    one: list[list[_Term]], other: list[list[_Term]], height: float, most: float
) -> float:
    scale = (height - 1.7) / most
    return 3.5 + sum(max(_natural(row, height, scale) for row in rows) for rows in (one, other))


def _draw_row(
    on: Sheet, row: list[_Term], left: float, middle: float, height: float, scale: float
) -> None:
    sizes = _widths(row, height, scale)
    room = on.width - PAD - left - 0.6 - sum(size[2] for size in sizes)
    gap = min(_NEAR, room / max(1, len(row) - 1))
    x = left + 0.6
    for term, (wide, high, room) in zip(row, sizes, strict=True):
        centre = x + room / 2
        if isinstance(term, str):
            on.text(centre, middle + 0.05, term)
        else:
            on.box(centre - wide / 2, middle - high / 2 - 0.4, wide, high, face=term.color,
                   edge=term.color, face_alpha=0.2, round_by=0.1,
                   label=f"{term.name} {'×'.join(map(str, term.shape))}")  # fmt: skip
            if _fits(term, wide, high):
                on.text(centre, middle - 0.05, term.name, weight="semibold")
            on.text(centre, middle + high / 2 + 0.6, _below(term, wide, high), 0.8, on.style.muted)
        x += room + gap


def _shape(term: _Array) -> str:
    return "×".join(map(grouped, term.shape))


def _fits(term: _Array, wide: float, high: float) -> bool:
    return em_width(term.name, 1.0, "semibold") < wide - 0.2 and high > 1.3


def _below(term: _Array, wide: float, high: float) -> str:
    return _shape(term) if _fits(term, wide, high) else f"{term.name}: {_shape(term)}"


def _words(term: _Array, wide: float, high: float) -> float:
    return em_width(_below(term, wide, high), 0.8)
