"""How good trained models are, in one number each: for the closing summary."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal, NamedTuple

from epochreel.nn.recording import Recording

__all__ = ["Scores", "final_scores"]


class Scores(NamedTuple):
    """Of each model at its last snapshot, by name; what it is, and on what it was measured."""

    of: Mapping[str, float]
    kind: Literal["accuracy", "R²"]
    split: Literal["test", "train"]


def final_scores(recordings: Mapping[str, Recording]) -> Scores:
    """Take the accuracy of each, of regressions R²; on the test split, where there is one."""
    metrics = {key for recording in recordings.values() for key in recording.metrics}
    regression = not metrics.isdisjoint({"test_r2", "train_r2"})
    key = "r2" if regression else "accuracy"
    split = "test" if f"test_{key}" in metrics else "train"
    return Scores(
        {
            name: float(recording.metrics[f"{split}_{key}"][-1])
            for name, recording in recordings.items()
            if f"{split}_{key}" in recording.metrics
        },
        "R²" if regression else "accuracy",
        split,
    )
