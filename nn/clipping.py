"""What keeps a gradient from being too long."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from math import isfinite, nan, sqrt
from typing import TypeAlias

import numpy as np

from epochreel.nn.activations import Array
from epochreel.nn.errors import InvalidInputError, real_number

__all__ = ["Clip", "check_clipping", "make_clip"]

Clip: TypeAlias = Callable[[Array], None]
"""Shortens a gradient vector, in place."""


def check_clipping(
    clip_norm: float | None, global_clip_norm: float | None, clip_value: float | None
) -> None:
    """Refuse bounds that aren't positive, and more than one of them."""
    bounds = {
        "clip_norm": clip_norm,
        "global_clip_norm": global_clip_norm,
        "clip_value": clip_value,
    }
    given = {name: bound for name, bound in bounds.items() if bound is not None}
    for name, bound in given.items():
        real_number(name, bound, above=0)
    if len(given) > 1:
        first, second, *_ = given
        raise InvalidInputError(f"{second}: can't be given beside {first}; give one of them")


def make_clip(
    clip_norm: float | None,
    global_clip_norm: float | None,
    clip_value: float | None,
    variables: Sequence[slice] | None,
) -> Clip | None:
    """Make what clips a gradient, or ``None`` where nothing is to be clipped.

    Parameters
    ----------
    clip_norm, global_clip_norm, clip_value : float or None
        At most one; see :class:`epochreel.nn.optimizers.Optimizer`.
    variables : sequence of slice or None
        Where each weight matrix and bias vector stands in the vector, for ``clip_norm``.

    Source: ``keras/src/optimizers/base_optimizer.py`` of Keras 3, ``_clip_gradients``. A gradient
    whose norm overflows becomes NaN, as there with ``global_clipnorm``, so that the training ends
    as diverged; Keras's ``clipnorm`` would make it 0 and stand still.
    """
    if clip_value is not None:
        return _by_value(clip_value)
    if global_clip_norm is not None:
        return lambda gradient: _shorten(gradient, global_clip_norm)
    if clip_norm is None:
        return None
    parts = tuple(variables) if variables is not None else (slice(None),)

    def by_norm(gradient: Array) -> None:
        for part in parts:
            _shorten(gradient[part], clip_norm)

    return by_norm


def _by_value(value: float) -> Clip:
    # arrays without dimensions: a Python number would be converted at each use
    bounds = {np.dtype(t): (np.array(-value, t), np.array(value, t)) for t in (np.float32, float)}

    def clip(gradient: Array) -> None:
        np.clip(gradient, *bounds[gradient.dtype], gradient)

    return clip


def _shorten(gradient: Array, bound: float) -> None:
    norm = sqrt(gradient.dot(gradient))
    if norm > bound or norm != norm:
        np.multiply(gradient, bound / norm if isfinite(norm) else nan, gradient)
