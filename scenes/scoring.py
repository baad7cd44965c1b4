"""How good trained models are, in one number each: for the closing summary."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal, NamedTuple

__all__ = ["Scores", "final_scores"]


class Scores(NamedTuple):
    """Of each model at its last snapshot, by name; what it is, and on what it was measured."""

    of: Mapping[str, float]
    kind: Literal["accuracy", "R²"]
    split: Literal["test", "train"]


def final_scores(last: Mapping[str, Mapping[str, float | None]]) -> Scores:
    """Take the accuracy of each, of regressions R²; on the test split, where there is one.

    Parameters
    ----------
    last : mapping
        Model's name → its metrics at its last snapshot; ``None`` is unknown.
    """
    metrics = {key for values in last.values() for key in values}
    regression = not metrics.isdisjoint({"test_r2", "train_r2"})
    key = "r2" if regression else "accuracy"
    split = "test" if f"test_{key}" in metrics else "train"
    found = {name: values.get(f"{split}_{key}") for name, values in last.items()}
    known = {name: value for name, value in found.items() if value is not None}
    return Scores(known, "R²" if regression else "accuracy", split)
