"""Batches of tiny scenes, and what became of them."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from epochreel.scenes import NullReporter, Outcome, Report, SerialExecutor, load_scenes
from epochreel.scenes.pipeline import render_scenes

SCENE = """
data = {{ samples = 40, seed = {seed} }}
timeline = {{ fps = 10, hold_last = 0.0 }}
models = [{{ name = "{model}", layers = [2], iterations = 4, capture = {{ every = 2 }} }}]
outputs = [{{ file = "{name}.gif", size = [64, 48] }}]
"""


def run(
    paths: Sequence[Path], out: Path, *, executor: Any = None, **options: Any
) -> tuple[Report, list[Outcome]]:
    told: list[Outcome] = []
    report = render_scenes(
        load_scenes([str(path) for path in paths]),
        out,
        executor=executor or SerialExecutor(),
        reporter=options.pop("reporter", NullReporter()),
        on_outcome=told.append,
        **options,
    )
    return report, told


def statuses(report: Report) -> dict[str, str]:
    return {outcome.name.name: outcome.status for outcome in report.outcomes}
