"""Events of a training, in words: ``accuracy >= 0.9``, ``loss stops falling``."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt

from epochreel.nn.errors import InvalidInputError
from epochreel.nn.recording import Recording

__all__ = ["Event", "parse_event"]

METRICS = (
    "accuracy",
    "loss",
    "r2",
    "test_accuracy",
    "test_loss",
    "test_r2",
    "train_accuracy",
    "train_loss",
    "train_r2",
)

_RELATIONS: Mapping[str, Literal[">=", "<="]] = {">=": ">=", "≥": ">=", "<=": "<=", "≤": "<="}
_COMPARISON = re.compile(r"(?P<metric>\w+) *(?P<relation>>=|<=|≥|≤) *(?P<value>[-+.\de]+)")
_END_OF_TREND = re.compile(r"(?P<metric>\w+) +stops +(?P<trend>falling|rising)")

_LEFT = 0.02
"""A metric has stopped when no more than this share of all it ever gains still lies ahead …"""
_AHEAD = 0.1
"""… of at least this share of the training: what only ends with the training hasn't stopped."""


@dataclass(frozen=True)
class Event:
    """Something that happens to a metric.

    Attributes
    ----------
    metric : str
        Key of a recording's metrics; ``accuracy``, ``loss`` and ``r2`` are those of the test split
        where there is one.
    kind : {">=", "<=", "stops falling", "stops rising"}
    value : float
        What the metric is compared with; unused where it stops.
    """

    metric: str
    kind: Literal[">=", "<=", "stops falling", "stops rising"]
    value: float = 0.0

    def first(self, recording: Recording) -> int | None:
        """Find the first snapshot at which it has happened, or ``None``.

        A metric stops falling where no more than 2 % of its whole fall still lies ahead, if that
        is so for a tenth of the training or longer.
        """
        values = self._values(recording)
        if values is None:
            return None
        if self.kind == ">=":
            return _first(values >= self.value)
        if self.kind == "<=":
            return _first(values <= self.value)
        falling = values if self.kind == "stops falling" else -values
        falling = np.where(np.isfinite(falling), falling, np.inf)
        start, lowest = falling[0], falling.min()
        if not np.isfinite(start) or lowest == start:
            return None
        index = _first(falling - lowest <= _LEFT * (start - lowest))
        last = int(recording.updates[-1])
        if index is None or int(recording.updates[index]) > (1 - _AHEAD) * last:
            return None
        return index

    def _values(self, recording: Recording) -> npt.NDArray[np.float64] | None:
        key = self.metric
        if key in ("accuracy", "loss", "r2"):
            key = f"test_{key}" if f"test_{key}" in recording.metrics else f"train_{key}"
        found = recording.metrics.get(key)
        return None if found is None else np.asarray(found, np.float64)


def parse_event(text: str) -> Event:
    """Read an event.

    Parameters
    ----------
    text : str
        ``METRIC >= NUMBER``, ``METRIC <= NUMBER`` (also ≥ and ≤), ``METRIC stops falling`` or
        ``METRIC stops rising``.

    Raises
    ------
    InvalidInputError
        For anything else.
    """
    words = text.strip()
    found = _COMPARISON.fullmatch(words)
    if found is not None and found["metric"] in METRICS:
        try:
            return Event(found["metric"], _RELATIONS[found["relation"]], float(found["value"]))
        except ValueError:
            pass
    found = _END_OF_TREND.fullmatch(words)
    if found is not None and found["metric"] in METRICS:
        falling = found["trend"] == "falling"
        return Event(found["metric"], "stops falling" if falling else "stops rising")
    raise InvalidInputError(
        "event: must be like 'accuracy >= 0.9' or 'loss stops falling', of "
        f"{', '.join(METRICS)}, got {text!r}"
    )


def _first(happened: npt.NDArray[np.bool_]) -> int | None:
    return int(np.argmax(happened)) if happened.any() else None
