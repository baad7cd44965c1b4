"""The ready-made scenes that come with Epochreel."""

from __future__ import annotations

from pathlib import Path

__all__ = ["STARTER", "ready_made"]

_HERE = Path(__file__).parent

STARTER = _HERE / "starter.toml"
"""The commented scene that ``epochreel new`` writes."""


def ready_made() -> dict[str, Path]:
    """Find the ready-made scenes: their files by name, in the order of the alphabet."""
    return {path.stem: path for path in sorted((_HERE / "library").glob("*.toml"))}
