"""What figures know of a training step: shapes and bytes, as ``nn.step_arrays`` finds them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol

__all__ = ["LayerShapes", "StepShapes"]

Shape = tuple[int, ...]


class LayerShapes(Protocol):
    """Shapes of one layer's arrays; see :class:`epochreel.nn.step_arrays.LayerArrays`."""

    @property
    def activation(self) -> str:
        """Name of its activation."""
        ...

    @property
    def inputs(self) -> Shape:
        """Of A of the layer before, (units, samples)."""
        ...

    @property
    def outputs(self) -> Shape:
        """Of its own A, (units, samples)."""
        ...

    @property
    def weights(self) -> Shape:
        """Of W, (units, inputs)."""
        ...

    @property
    def biases(self) -> Shape:
        """Of b, (units,)."""
        ...

    @property
    def deltas(self) -> Shape:
        """Of ∂L/∂Z, (units, samples)."""
        ...

    @property
    def parameters(self) -> int:
        """How many weights and biases."""
        ...


class StepShapes(Protocol):
    """Arrays of one training step; see :class:`epochreel.nn.step_arrays.StepArrays`."""

    @property
    def layers(self) -> Sequence[LayerShapes]:
        """From the first to the last."""
        ...

    @property
    def samples(self) -> int:
        """Of a batch."""
        ...

    @property
    def dtype(self) -> str:
        """Of all numbers."""
        ...

    @property
    def optimizer(self) -> str:
        """Name of what takes the step."""
        ...

    @property
    def memory(self) -> Mapping[str, int]:
        """Bytes by what they are for."""
        ...
