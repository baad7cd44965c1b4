"""A single unit: inputs, weights, their sum, its activation, with the numbers of a sample."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from epochreel.nn.errors import InvalidInputError
from epochreel.nn.recording import Layered
from epochreel.render.figures.sheet import PAD, Sheet, abridge, accents, em_width, sheet
from epochreel.render.figures.words import activation_name, number, subscript
from epochreel.render.style import Style

__all__ = ["unit"]

_MOST_INPUTS = 6
_ROW = 3.3
_MOST_ROW = 4.6


def unit(
    recording: Layered,
    *,
    layer: int = 1,
    unit: int = 1,
    point: ArrayLike | None = None,
    snapshot: float | None = None,
    ax: Any = None,
    style: Style | str = "light",
    width: str = "blog",
) -> Any:
    """Draw one unit of a network and what it makes of one sample.

    Parameters
    ----------
    recording : ParameterRecording
        Any that knows its layers.
    layer, unit : int
        Which unit, both from 1.
    point : (features,) array, optional
        The first sample of the data when left out.
    snapshot : float, optional
        The last one when left out.
    ax, style, width
        As in :func:`~epochreel.render.figures.architecture`.

    Returns
    -------
    matplotlib.axes.Axes

    Raises
    ------
    InvalidInputError
        For a layer, a unit or a point that can't be.
    """
    layers = recording.architecture
    if not 1 <= layer <= len(layers):
        raise InvalidInputError(f"layer: must be from 1 to {len(layers)}, got {layer}")
    spec = layers[layer - 1]
    if not 1 <= unit <= spec.output_dim:
        raise InvalidInputError(f"unit: must be from 1 to {spec.output_dim}, got {unit}")
    at, sample = _place(recording, snapshot, point)
    weights, biases = recording.layers(at)[layer - 1]
    outputs = recording.activations(at, sample)
    inputs = sample[0] if layer == 1 else outputs[layer - 2][0]
    w, b = weights[unit - 1], float(biases[unit - 1])
    z, a = float(w @ inputs.astype(np.float32) + b), float(outputs[layer - 1][0, unit - 1])
    shown = abridge(len(w), _MOST_INPUTS)
    rows = len(shown) + 1  # and the bias
    on = sheet(ax, style, width, lambda across: 2 * PAD + 1.9 + rows * _ROW + 3.4)
    name = "x" if layer == 1 else "a"
    _draw(on, shown, name, inputs, w, b, z, a, activation_name(spec.activation))
    where = f"unit {unit} of layer {layer}"
    on.text(PAD, PAD + 0.9, where, weight="semibold", align="left")
    return on.axes


def _place(
    recording: Layered, snapshot: float | None, point: ArrayLike | None
) -> tuple[float, Any]:
    known: Any = recording
    at = len(known) - 1 if snapshot is None else snapshot
    if point is None:
        data = known.dataset
        samples = data.x_test if len(data.x_test) else data.x_train
        if not len(samples):
            raise InvalidInputError("point: must be given, as the recording has no samples")
        return at, samples[:1]
    sample = np.asarray(point, float).reshape(1, -1)
    features = recording.architecture[0].input_dim
    if sample.shape[1] != features:
        raise InvalidInputError(
            f"point: must have {features} numbers, one for each input, got {sample.shape[1]}"
        )
    return at, sample


def _draw(
    on: Sheet, shown: list[int | None], name: str, inputs: Any, w: Any, b: float, z: float,
    a: float, activation: str,
) -> None:  # fmt: skip
    style = on.style
    forward, backward = accents(style)
    spare = on.height - 2 * PAD - 1.9 - (len(shown) + 1) * _ROW - 3.4
    step = min(_MOST_ROW, _ROW + spare / (len(shown) + 1))
    middle = PAD + 1.9 + (on.height - 2 * PAD - 1.9 - 3.4) / 2
    ys = [middle + (row - len(shown) / 2) * step for row in range(len(shown) + 1)]
    known = [em_width(number(float(inputs[i])), 0.9) for i in shown if i is not None]
    x_in, x_sum = PAD + 1.6 + max(known), 0.55 * on.width
    x_f, x_out = 0.76 * on.width, on.width - PAD - 2.2
    largest = max(float(np.abs(w).max()), abs(b), 1e-12)
    for y, index in zip(ys, [*shown, -1], strict=True):
        if index is None:
            on.dots(x_in, y, style.muted, upright=True)
            continue
        bias = index == -1
        value = b if bias else float(w[index])
        color = forward if value >= 0 else backward
        on.path((x_in, x_sum), (y, middle), color, line=0.8 + 4.0 * abs(value) / largest)
        on.circle(x_in, y, 1.15, face=style.ground, edge=style.muted)
        on.text(x_in, y + 0.35, "1" if bias else f"{name}{subscript(index + 1)}")
        if not bias:
            on.text(x_in - 1.5, y + 0.32, number(float(inputs[index])), 0.9, style.muted,
                    align="right")  # fmt: skip
        # on the line, a bit above the middle of its way
        share = 0.4
        x, on_line = x_in + share * (x_sum - x_in), y + share * (middle - y)
        words = f"{'b' if bias else f'w{subscript(index + 1)}'} = {number(value)}"
        wide = em_width(words, 0.9) + 0.5
        on.box(x - wide / 2, on_line - 0.62, wide, 1.24, face=style.ground, zorder=2.5)
        on.text(x, on_line + 0.32, words, 0.9)
    on.arrow((x_sum, middle), (x_f - 1.7, middle), style.ink)
    on.arrow((x_f + 1.5, middle), (x_out - 1.3, middle), style.ink)
    on.circle(x_sum, middle, 1.5, face=style.ground, edge=style.ink, line=1.8)
    on.text(x_sum, middle + 0.45, "Σ", 1.3)
    on.box(x_f - 1.6, middle - 1.6, 3.2, 3.2, face=style.ground, edge=style.ink, line=1.8,
           round_by=0.4)  # fmt: skip
    on.text(x_f, middle + 0.4, "f", 1.3)
    on.text(x_out, middle + 0.35, "a", 1.3)
    on.text(x_sum, middle + 2.9, "z =", 0.9, style.muted)
    on.text(x_sum, middle + 4.1, number(z))
    on.text(x_f, middle + 2.9, activation, 0.9, style.muted)
    on.text(x_out, middle + 2.9, "a =", 0.9, style.muted)
    on.text(x_out, middle + 4.1, number(a))
    count = len(w)
    terms = [f"w{subscript(i + 1)}{name}{subscript(i + 1)}" for i in range(min(count, 2))]
    dots = ["…", f"w{subscript(count)}{name}{subscript(count)}"] if count > 2 else []
    line = f"z = {' + '.join([*terms, *dots, 'b'])},   a = f(z)"
    below = max(ys[-1] + 1.15, middle + 4.3)
    on.text(on.width / 2, min(on.height - PAD - 0.8, below + 3.0), line)
    for color, words, x in ((forward, "above 0", 9.2), (backward, "below 0", 3.2)):
        at = on.width - PAD - x
        on.path((at - 1.9, at - 0.4), (PAD + 0.6, PAD + 0.6), color, line=2.4)
        on.text(at, PAD + 0.9, words, 0.85, style.muted, align="left")
