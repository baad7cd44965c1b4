"""Which moments of a training are kept. The first and the last update always are."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, Protocol, TypeAlias

import numpy as np
from numpy.typing import NDArray

from epochreel.nn.dataset import FloatArray, IntArray
from epochreel.nn.errors import InvalidInputError, look_up, whole_number

__all__ = ["SPACINGS", "Adaptive", "Capture", "Every", "Listed", "Path", "Spaced", "spread"]

CANDIDATES = 16
"""For each moment that is kept, :class:`Adaptive` measures at so many how far things moved."""


class Planned(Protocol):
    """A capture whose moments are known before the training."""

    def due(self, total: int) -> IntArray:
        """Say which of a training of ``total`` are kept: increasing, from 0 to ``total``."""
        ...


@dataclass(frozen=True)
class Every:
    """Every so many, and the last."""

    every: int

    def __post_init__(self) -> None:
        """Check it."""
        whole_number("every", self.every)

    def due(self, total: int) -> IntArray:
        """Say which are kept."""
        return np.append(np.arange(0, total, self.every), total)


@dataclass(frozen=True)
class Listed:
    """Those in a list; what is past the end of the training is left out.

    Parameters
    ----------
    moments : sequence of int
        Strictly increasing, at least 0.
    """

    moments: Sequence[int]

    def __post_init__(self) -> None:
        """Check each, and keep them where nobody changes them."""
        moments = tuple(whole_number("moments", moment, 0) for moment in self.moments)
        if any(low >= high for low, high in zip(moments, moments[1:], strict=False)):
            raise InvalidInputError("moments: must be strictly increasing")
        object.__setattr__(self, "moments", moments)

    def due(self, total: int) -> IntArray:
        """Say which are kept."""
        kept = {moment for moment in self.moments if moment <= total}
        return np.array(sorted({0, *kept, total}), np.int64)


@dataclass(frozen=True)
class Spaced:
    """So many, spaced alike or by alike factors.

    Parameters
    ----------
    count : int
        At least 2; fewer are kept of a training that is shorter.
    spacing : "linear" or "logarithmic"
    """

    count: int
    spacing: Literal["linear", "logarithmic"] = "linear"

    def __post_init__(self) -> None:
        """Check both."""
        whole_number("count", self.count, 2)
        look_up("spacing", self.spacing, dict.fromkeys(("linear", "logarithmic")))

    def due(self, total: int) -> IntArray:
        """Say which are kept."""
        count = min(self.count, total + 1)
        places = np.linspace(0, total, count)
        if self.spacing == "logarithmic":
            places = np.append(0, np.geomspace(1, total, count - 1))
            places[-1] = total
        return spread(np.rint(places).astype(np.int64), total + 1)


@dataclass(frozen=True)
class Adaptive:
    """So many, as far from one another in the space of parameters: dense where these move.

    Parameters
    ----------
    count : int
        At least 2; fewer are kept of a training that is shorter.
    """

    count: int

    def __post_init__(self) -> None:
        """Check it."""
        whole_number("count", self.count, 2)

    def visits(self, total: int) -> IntArray:
        """Say when it is to be looked how far the parameters have moved.

        At each moment of the beginning, where they mostly move fastest, then now and then.
        """
        half = CANDIDATES * self.count // 2
        begin, stride = min(half, total), max(1, -(-total // half))
        return np.append(
            np.append(np.arange(begin), np.arange(begin, total, stride)), total
        ).astype(np.int64)


Capture: TypeAlias = Every | Listed | Spaced | Adaptive
SPACINGS = ("linear", "logarithmic", "adaptive")


class Path:
    """Keeps moments of a path that is walked, evenly spaced along it, in bounded memory.

    Twice as many as are asked for are kept on the way. When there is no more room half of them are
    dropped, and from then on only those are taken that are as far from the one before.

    Parameters
    ----------
    count : int
        How many are to be left at the end.
    """

    def __init__(self, count: int) -> None:
        self.room = 2 * count
        """How many may be kept at a time."""
        self._count = count
        self._walked: list[float] = []  # to each that is kept
        self._moments: list[int] = []  # of each that is kept
        self._total = self._least = 0.0
        self._last: NDArray[np.floating] | None = None

    def step(self, place: NDArray[np.floating], moment: int) -> bool:
        """Walk on; say whether this place is to be kept."""
        if self._last is None:
            self._last, self._change = place.copy(), np.empty_like(place)
        else:
            np.subtract(place, self._last, self._change)
            np.copyto(self._last, place)
            moved = float(np.sqrt(self._change.dot(self._change)))
            self._total += moved if np.isfinite(moved) else 0.0
        if self._walked and self._total - self._walked[-1] < self._least:
            return False
        self._walked.append(self._total)
        self._moments.append(moment)
        return True

    def end(self, place: NDArray[np.floating], moment: int) -> None:
        """Keep the end of the path, however near it is."""
        self._least = 0.0
        self.step(place, moment)

    def thin(self) -> IntArray:
        """Choose which to go on with when there is no more room, or which are left at the end."""
        count = min(self._count, len(self._walked))
        walked: FloatArray = np.array(self._walked)
        if not walked[-1]:  # nothing has moved: evenly in time
            walked = np.array(self._moments, np.float64)
        targets = np.linspace(0, float(walked[-1]), count)
        nearest: IntArray = np.searchsorted(walked, targets)
        nearest[-1] = len(walked) - 1
        chosen = spread(nearest, len(walked))
        self._walked = [self._walked[index] for index in chosen]
        self._moments = [self._moments[index] for index in chosen]
        self._least = self._total / self._count
        return chosen

    @property
    def full(self) -> bool:
        """Whether there is no more room."""
        return len(self._walked) == self.room


def spread(places: NDArray[np.integer], length: int) -> IntArray:
    """Move places, increasing and from 0 below ``length``, apart where they coincide."""
    order = np.arange(len(places))
    slack = np.maximum.accumulate(places - order)
    return np.minimum(slack, length - len(places)) + order
