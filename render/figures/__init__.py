"""Figures for lectures, articles and blogs, drawn from networks, recordings and data.

Each is a function that returns Matplotlib axes: on a figure of its own, or on `ax`.

>>> from epochreel.render import figures
>>> axes = figures.architecture(network)  # doctest: +SKIP
>>> axes.figure.savefig("network.pdf")  # doctest: +SKIP
"""

from __future__ import annotations

from collections.abc import Mapping
from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from epochreel.render.figures.bars import comparison
    from epochreel.render.figures.functions import activations
    from epochreel.render.figures.learning import curves
    from epochreel.render.figures.matrices import shapes
    from epochreel.render.figures.neuron import unit
    from epochreel.render.figures.plan import blueprint
    from epochreel.render.figures.reels import strip
    from epochreel.render.figures.samples import dataset
    from epochreel.render.figures.steps import layer_steps
    from epochreel.render.figures.wiring import architecture

__all__ = [
    "FIGURES",
    "activations",
    "architecture",
    "blueprint",
    "comparison",
    "curves",
    "dataset",
    "layer_steps",
    "shapes",
    "strip",
    "unit",
]

FIGURES: Mapping[str, str] = {
    "architecture": "epochreel.render.figures.wiring:architecture",
    "blueprint": "epochreel.render.figures.plan:blueprint",
    "unit": "epochreel.render.figures.neuron:unit",
    "shapes": "epochreel.render.figures.matrices:shapes",
    "layer_steps": "epochreel.render.figures.steps:layer_steps",
    "activations": "epochreel.render.figures.functions:activations",
    "dataset": "epochreel.render.figures.samples:dataset",
    "curves": "epochreel.render.figures.learning:curves",
    "strip": "epochreel.render.figures.reels:strip",
    "comparison": "epochreel.render.figures.bars:comparison",
}
"""Where each figure is drawn; imported on use."""


def __getattr__(name: str) -> Any:
    if name not in FIGURES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    module, _, function = FIGURES[name].partition(":")
    return getattr(import_module(module), function)
