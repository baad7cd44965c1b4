"""What trainings and films cost, before any is made: for the order of work and for estimates.

The constants were measured on one core. Only their ratios matter.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from epochreel.render.timeline import Timeline
from epochreel.scenes.building import output_size
from epochreel.scenes.loading import SceneFile
from epochreel.scenes.planning import TrainingPlan
from epochreel.scenes.preparing import PreparedScene, expected_timeline
from epochreel.scenes.schema import OutputSpec

__all__ = ["FilmCost", "film_cost", "film_jobs", "training_seconds", "useful_jobs"]

PART_PIXELS = 50_000_000
"""A part of a film has at least so many, half a second's work; less isn't worth its set-up."""

FULL_BATCH = 1000
"""Samples of a full batch, about."""

UPDATE_S = {"numpy": 2.5e-5, "sklearn": 2e-4, "keras": 4.5e-4, "torch": 4e-4}
"""What an update takes with each engine, however small the network."""

MULTIPLICATION_S = 1e-10
FILM_S, FRAME_S, PIXEL_S = 0.1, 1.5e-3, 6e-9

FITTING = 3
"""A film that must fit is written about so many times."""


@dataclass(frozen=True)
class FilmCost:
    """What a film costs: pixels to draw, seconds about, and into how many parts it may be cut."""

    pixels: int
    seconds: float
    most_parts: int


def film_cost(timeline: Timeline, output: OutputSpec, *, preview: bool = False) -> FilmCost:
    """Estimate a film or a still."""
    width, height = output_size(output, preview=preview)
    if output.still:
        # it keeps no worker from the films
        return FilmCost(0, FILM_S + width * height * PIXEL_S, 1)
    frames = timeline.frame_count
    pixels = frames * width * height
    # what fits is found by writing all of it, several times
    fits = output.max_bytes is not None
    parts = 1 if fits else max(1, pixels // PART_PIXELS)
    seconds = FILM_S + (frames * FRAME_S + pixels * PIXEL_S) * (FITTING if fits else 1)
    return FilmCost(pixels, seconds, parts)


def training_seconds(plan: TrainingPlan) -> float:
    """Estimate a training."""
    each = plan.parameter_count * (plan.batch_size or FULL_BATCH)
    return plan.updates * (UPDATE_S.get(plan.engine, UPDATE_S["numpy"]) + each * MULTIPLICATION_S)


def useful_jobs(files: Sequence[SceneFile], *, preview: bool = False) -> int:
    """Count the tasks that could run at a time; more processes would only cost their start.

    It is known before any data are made, so that processes can start meanwhile.
    """
    models = parts = 0
    for file in files:
        models += len(file.scene.models)
        timeline = expected_timeline(file.scene, preview=preview)
        costs = (film_cost(timeline, output, preview=preview) for output in file.scene.outputs)
        parts += sum(cost.most_parts for cost in costs)
    return max(models, parts)


def film_jobs(scene: PreparedScene, *, preview: bool = False) -> int:
    """Count the tasks that could run at a time when nothing is trained."""
    timeline = scene.timeline(preview=preview)
    outputs = scene.file.scene.outputs
    return sum(film_cost(timeline, output, preview=preview).most_parts for output in outputs)
