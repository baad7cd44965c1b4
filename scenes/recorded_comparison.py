"""The comparison of NumPy and Keras as it was measured once, for where Keras isn't installed."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from epochreel.scenes.comparing import Comparison, ModelResult, Spread

__all__ = ["RECORDED", "Circumstances", "read_comparison", "write_recorded"]

RECORDED = Path(__file__).with_name("numpy_vs_keras.json")
"""Renewed by ``python -m benchmarks.record_comparison``."""


@dataclass(frozen=True)
class Circumstances:
    """What the numbers were measured with."""

    python: str
    numpy: str
    keras: str
    backend: str
    processor: str

    @property
    def words(self) -> str:
        """On one line."""
        return (
            f"measured once, with Keras {self.keras} on {self.backend}, NumPy {self.numpy} and "
            f"Python {self.python}, {self.processor}"
        )


def write_recorded(comparison: Comparison, circumstances: Circumstances, path: Path) -> None:
    """Keep a comparison."""
    results = [
        {
            "name": result.name,
            "parameters": result.parameters,
            "measured": {
                key: [spread.median, spread.lowest, spread.highest]
                for key, spread in result.measured.items()
            },
        }
        for result in comparison.results
    ]
    document = {
        "title": comparison.title,
        "data": comparison.data,
        "repeat": comparison.repeat,
        "seeds": list(comparison.seeds),
        "results": results,
        "measured_with": vars(circumstances),
    }
    path.write_text(json.dumps(document, indent=1) + "\n", encoding="utf-8")


def read_comparison(path: Path = RECORDED) -> tuple[Comparison, Circumstances]:
    """Read what was kept."""
    document: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    results = tuple(
        ModelResult(
            entry["name"],
            entry["parameters"],
            {key: Spread(*values) for key, values in entry["measured"].items()},
        )
        for entry in document["results"]
    )
    comparison = Comparison(
        document["title"], document["data"], document["repeat"], tuple(document["seeds"]), results
    )
    return comparison, Circumstances(**document["measured_with"])
