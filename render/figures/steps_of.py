"""The steps of one training step, in order, and what each says."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from epochreel.render.figures.arrays import LayerShapes, StepShapes
from epochreel.render.figures.sheet import abridge
from epochreel.render.figures.words import activation_name, grouped, subscript

__all__ = ["Step", "steps_of", "tight"]


@dataclass(frozen=True)
class Step:
    """One thing that is computed.

    Attributes
    ----------
    head : str
        What happens.
    formula, shapes : str
        How, and with which shapes.
    lit : frozenset of str
        What is computed, as ``A1``, ``dW2``; it stays.
    used : frozenset of str
        What it is computed from.
    """

    head: str
    formula: str
    shapes: str
    lit: frozenset[str]
    used: frozenset[str] = frozenset()


def tight(shape: Sequence[int]) -> str:
    """Write a shape without gaps."""
    return "×".join(map(grouped, shape))


def steps_of(step: StepShapes, most: int) -> list[Step]:
    """List what one training step computes, of as many layers as are shown.

    Parameters
    ----------
    step : StepShapes
    most : int
        So many layers are shown at most.

    Returns
    -------
    list of Step
    """
    layers = step.layers
    last = len(layers)
    shown = [index + 1 for index in abridge(last, most) if index is not None]
    batch = Step(
        "A batch goes in",
        f"X, {grouped(step.samples)} samples in columns",
        tight(layers[0].inputs),
        frozenset({"X"}),
    )
    loss = Step(
        "Loss",
        f"L = loss({_last_name(layers[-1])}(Z{subscript(last)}), Y), the mean over the samples",
        f"{tight(layers[-1].outputs)} → 1 number",
        frozenset({"loss"}),
        frozenset({_a(last, last)}),
    )
    forward = [_forward(layers[i - 1], i, last) for i in shown]
    backward = [_backward(layers, i, last) for i in reversed(shown)]
    changed = {f"{name}{i}" for i in shown for name in ("W", "b")}
    slopes = {f"d{name}" for name in changed}
    update = Step(
        f"Update by {step.optimizer}",
        "θ ← θ − step(∂L/∂θ), for all W and b at once",
        f"{grouped(sum(layer.parameters for layer in layers))} parameters",
        frozenset({"update"}),
        frozenset(changed | slopes),
    )
    return [batch, *forward, loss, *backward, update]


def _last_name(layer: LayerShapes) -> str:
    return {"sigmoid": "σ", "linear": ""}.get(layer.activation, layer.activation)


def _a(index: int, last: int) -> str:
    return "X" if index == 0 else f"Z{index}" if index == last else f"A{index}"


def _sub(name: str) -> str:
    """Write a key such as ``A12`` with its index below the line."""
    letters = name.rstrip("0123456789")
    return letters + (subscript(int(name[len(letters) :])) if name != letters else "")


def _forward(layer: LayerShapes, index: int, last: int) -> Step:
    n, before, here = subscript(index), _a(index - 1, last), _a(index, last)
    product = f"W{n} {_sub(before)} + b{n}"
    if index < last:
        product = f"{activation_name(layer.activation)}({product})"
    return Step(
        f"Forward, layer {index}",
        f"{_sub(here)} = {product}",
        f"{tight(layer.outputs)} = ({tight(layer.weights)})({tight(layer.inputs)}) + "
        f"{tight(layer.biases)}",
        frozenset({here}),
        frozenset({before, f"W{index}", f"b{index}"}),
    )


def _backward(layers: Sequence[LayerShapes], index: int, last: int) -> Step:
    layer, n, before = layers[index - 1], subscript(index), _a(index - 1, last)
    if index == last:
        formula, used = f"δ{n} = ∂L/∂Z{n}", {"loss"}
    else:
        after = subscript(index + 1)
        formula = f"δ{n} = W{after}ᵀ δ{after} · f′(Z{n})"
        used = {f"W{index + 1}", f"d{index + 1}", f"A{index}"}
    return Step(
        f"Backward, layer {index}",
        f"{formula},  ∂W{n} = δ{n} {_sub(before)}ᵀ,  ∂b{n} = Σ δ{n}",
        f"{tight(layer.weights)} = ({tight(layer.deltas)})({tight(layer.inputs[::-1])})",
        frozenset({f"d{index}", f"dW{index}", f"db{index}"}),
        frozenset({before, *used}),
    )
