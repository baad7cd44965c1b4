"""What figures show, in words: a caption, and a text for those who can't see them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from epochreel.nn.activations import ACTIVATIONS
from epochreel.nn.recording import Recording
from epochreel.scenes.figure_data import FigureData
from epochreel.scenes.messages import count

__all__ = ["WORDS", "Words"]


@dataclass(frozen=True)
class Words:
    """A caption for below a figure, and the text for in its place."""

    caption: str
    alt: str


def _sizes(data: FigureData) -> str:
    layers = data.plan.layers
    return "-".join(map(str, [layers[0].input_dim, *(layer.output_dim for layer in layers)]))


def _listed(words: Sequence[str]) -> str:
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} and {words[-1]}"


def _architecture(data: FigureData) -> Words:
    layers = data.plan.layers
    of = [f"{count(layer.output_dim, 'unit')} with {layer.activation}" for layer in layers]
    features = count(layers[0].input_dim, "feature")
    return Words(
        f"The network {data.plan.name}, {_sizes(data)}, with {data.plan.parameter_count} "
        "parameters. Wide layers are abridged.",
        f"Diagram of a neural network: {features}, then layers of {_listed(of)}; each unit is "
        "connected with all units of the layer before.",
    )


def _blueprint(data: FigureData) -> Words:
    arrays = data.arrays
    largest = max(arrays.memory, key=lambda name: arrays.memory[name])
    return Words(
        f"One training step of a {_sizes(data)} network on a batch of {arrays.samples} samples, "
        f"with the shape of every array (A activations, Z sums, W and b parameters, δ = ∂L/∂Z, "
        f"∂W = ∂L/∂W) and the memory of it all, {arrays.dtype}.",
        f"Blueprint of a training step. Activations go right through {len(arrays.layers)} layers "
        "to the loss, deltas come back left beneath; from them come the gradients of all "
        f"parameters, {arrays.parameters} in all, which {arrays.optimizer} updates. "
        f"Of {arrays.bytes} bytes most are {largest}.",
    )


def _unit(data: FigureData) -> Words:
    inputs, activation = data.plan.layers[0].input_dim, data.plan.layers[0].activation
    return Words(
        f"A unit of the first layer of {data.plan.name}, trained, with the numbers of one sample: "
        "inputs times weights, summed up with the bias, then the activation.",
        f"Diagram of a single unit: {count(inputs, 'input')}, each on a line with its weight, and "
        f"the bias lead into a sum z, which {activation} turns into the output a.",
    )


def _shapes(data: FigureData) -> Words:
    of = [
        f"W{i} {layer.output_dim}×{layer.input_dim}, b{i} {layer.output_dim}"
        for i, layer in enumerate(data.plan.layers, start=1)
    ]
    return Words(
        f"Shapes of weights and biases of a {_sizes(data)} network, "
        f"{data.plan.parameter_count} parameters in all.",
        f"Rectangles on one scale, one pair for each layer: {'; '.join(of)}.",
    )


def _layer_steps(data: FigureData) -> Words:
    layer = min(2, len(data.plan.layers))
    shapes = data.arrays.layers[layer - 1]
    return Words(
        f"Layer {layer} of a {_sizes(data)} network, forward and backward, with the shape of every "
        f"array for a batch of {data.arrays.samples} samples.",
        f"Equations of rectangles. Forward: Z = W A + b, {_by(shapes.outputs)} = "
        f"{_by(shapes.weights)} times {_by(shapes.inputs)} plus {_by(shapes.biases)}. Backward: "
        f"the gradient of W, {_by(shapes.weights)}, is δ times A transposed.",
    )


def _by(shape: Sequence[int]) -> str:
    return "×".join(map(str, shape))


def _activations(data: FigureData) -> Words:
    return Words(
        "Activations (solid) and their derivatives (dashed), all on one scale.",
        f"{len(ACTIVATIONS)} small plots from z = −4 to 4: {_listed(list(ACTIVATIONS))}.",
    )


def _dataset(data: FigureData) -> Words:
    known = data.dataset
    rest = f", {len(known.y_test)} for testing with a ring" if len(known.y_test) else ""
    return Words(
        f"The data, {known.name}: {count(len(known.y_train), 'training sample')}{rest}.",
        f"Scatter plot of {' and '.join(known.feature_names)}: "
        f"{len(known.y_train) + len(known.y_test)} points of "
        f"{count(known.classes, 'class', 'classes')}, which differ by colour and shape.",
    )


def _ends(recordings: Mapping[str, Recording]) -> str:
    found: list[str] = []
    for name, recording in recordings.items():
        split = "test" if "test_loss" in recording.metrics else "train"
        loss, accuracy = (recording.metrics[f"{split}_{kind}"] for kind in ("loss", "accuracy"))
        found.append(
            f"{name}: {split} loss from {loss[0]:.3f} to {loss[-1]:.3f}, accuracy from "
            f"{accuracy[0]:.3f} to {accuracy[-1]:.3f}"
        )
    return "; ".join(found)


def _curves(data: FigureData) -> Words:
    return Words(
        f"Loss and accuracy while {_listed(list(data.recordings))} learned, on training samples "
        "(solid) and test samples (dashed).",
        f"Two line plots over the training. {_ends(data.recordings)}.",
    )


def _strip(data: FigureData) -> Words:
    return Words(
        f"The decision boundary of {_listed(list(data.reels))} as it learns: moments from the "
        "untrained to the trained network, with the accuracy of each.",
        "Small pictures of the plane, coloured by the probability of a class, with a line where it "
        f"is even. {_ends(data.reels)}.",
    )


def _comparison(data: FigureData) -> Words:
    rows = [
        ", ".join(f"{key} {spread.median:.3f}" for key, spread in result.measured.items()
                  if key in ("seconds", "test_accuracy", "test_loss"))
        for result in data.comparison.results
    ]  # fmt: skip
    found = [f"{one.name}: {row}" for one, row in zip(data.comparison.results, rows, strict=True)]
    words = "; ".join(found).replace("test_", "test ")
    return Words(
        f"{data.comparison.title}: seconds of training, accuracy and loss. "
        f"Data: {data.table.note}.",
        f"Bars with numbers. {words}.",
    )


WORDS: Mapping[str, Callable[[FigureData], Words]] = {
    "architecture": _architecture,
    "blueprint": _blueprint,
    "unit": _unit,
    "shapes": _shapes,
    "layer_steps": _layer_steps,
    "activations": _activations,
    "dataset": _dataset,
    "curves": _curves,
    "strip": _strip,
    "comparison": _comparison,
}
"""Figure → what makes its words."""
