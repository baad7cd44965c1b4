"""The ready-made training, filmed at an even change."""

from __future__ import annotations

import numpy as np

from epochreel.render import Timeline
from epochreel.render.pacing import field_steps
from epochreel.scenes.library import ready_made
from epochreel.scenes.loading import parse_scene
from epochreel.scenes.numpy_engine import train_model
from epochreel.scenes.preparing import prepare_scene


def test_even_change_takes_the_jump_out_of_the_numpy_scene() -> None:
    path = ready_made()["numpy_dark"]
    # the field jumps at about 1 850 updates; what comes after that only drags
    text = path.read_text(encoding="utf-8").replace("iterations = 10000", "iterations = 2500")
    scene = prepare_scene(parse_scene(text, path=path))
    [plan] = scene.plans
    assert plan.updates == 2500
    recordings = {plan.name: train_model(plan, scene.dataset, lambda _: None)}

    def largest(pace: str) -> float:
        timeline = Timeline.build(recordings, pace=pace, frames=100)
        shown = [moment.snapshots[plan.name] for moment in timeline.moments]
        return float(field_steps(recordings, {plan.name: np.array(shown)}).max())

    assert largest("linear") >= 3 * largest("even_change")
