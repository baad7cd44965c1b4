"""How a film gets under way and comes to rest: functions of alpha in [0, 1]."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import TypeAlias

from epochreel.nn.dataset import FloatArray

__all__ = ["EASINGS", "Easing"]

Easing: TypeAlias = Callable[[FloatArray], FloatArray]
"""From the share of the film that is over to the share of the way; 0 → 0, 1 → 1, monotone."""


def _linear(alpha: FloatArray) -> FloatArray:
    return alpha


def _smooth(alpha: FloatArray) -> FloatArray:
    return alpha * alpha * (3 - 2 * alpha)


def _ease_in(alpha: FloatArray) -> FloatArray:
    return alpha * alpha


def _ease_out(alpha: FloatArray) -> FloatArray:
    return alpha * (2 - alpha)


EASINGS: Mapping[str, Easing] = MappingProxyType(
    {"linear": _linear, "smooth": _smooth, "ease_in": _ease_in, "ease_out": _ease_out}
)
