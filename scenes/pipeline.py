"""From scenes to finished files: each model is trained once, each film made when it can be."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import Executor
from dataclasses import replace
from pathlib import Path

from epochreel.scenes.batch_log import Journal, NullJournal
from epochreel.scenes.building import output_name
from epochreel.scenes.costing import film_cost
from epochreel.scenes.data_spec import DataSpec
from epochreel.scenes.executors import Elsewhere, Link
from epochreel.scenes.interruptions import uninterrupted
from epochreel.scenes.loading import SceneFile
from epochreel.scenes.outcomes import Outcome, Report
from epochreel.scenes.planning import TrainingPlan
from epochreel.scenes.preparing import PreparedScene
from epochreel.scenes.progress import Reporter
from epochreel.scenes.running import Run
from epochreel.scenes.scheduling import Film, Training
from epochreel.scenes.schema import OutputSpec
from epochreel.scenes.storing import NullStore, RecordingStore
from epochreel.scenes.targets import Targets

__all__ = ["everything", "plan_films", "render_scenes"]

_TrainingKey = str | tuple[DataSpec, TrainingPlan]


def everything(scene: SceneFile, output: OutputSpec) -> str | None:
    """Choose every file, for no reason but that it was asked for."""
    return ""


def _nobody(outcome: Outcome) -> None:
    """Tell nobody."""


def render_scenes(
    scenes: Sequence[PreparedScene],
    output_dir: Path,
    *,
    executor: Executor,
    reporter: Reporter,
    jobs: int = 1,
    preview: bool = False,
    keep_going: bool = False,
    choose: Callable[[SceneFile, OutputSpec], str | None] = everything,
    store: RecordingStore | None = None,
    on_outcome: Callable[[Outcome], None] = _nobody,
    journal: Journal | None = None,
) -> Report:
    """Train all models and make all files of some scenes.

    A model that stands in several scenes with the same data and training is trained once. Models
    of scenes that show the seconds of training are trained first and one at a time, with nothing
    beside them, so that these are the model's own; in a large batch they wait every so often until
    films are made of those that are.

    Parameters
    ----------
    scenes : sequence of PreparedScene
    output_dir : Path
        Folder of the finished files; made when it isn't there.
    executor : Executor
        Where the work runs.
    reporter : Reporter
    jobs : int
        How many tasks the executor runs at a time: where there are fewer films, a long one is made
        in parts. Its bytes don't depend on that.
    preview : bool
        Make small, short films, with ``-preview`` in their names.
    keep_going : bool
        Go on when something fails, with all that doesn't depend on it; and when a worker is killed,
        with new ones. Else the first failure stops the run.
    choose : callable
        Says why a file is to be made, or ``None`` to leave it as it is, and out of the report.
    store : RecordingStore, optional
        Where recordings are kept for another run.
    on_outcome : callable
        Told in this process what became of each file, as soon as it stands under its name or has
        failed.
    journal : Journal, optional
        Told what is done for each scene, when, and what went wrong in full.

    Returns
    -------
    Report
        What became of each file, in the order of the scenes and of their outputs. Those that were
        finished stay, whatever else failed.

    Raises
    ------
    SceneError
        When a file can't be written there; nothing was trained then.
    """
    kept = NullStore() if store is None else store
    films = plan_films(scenes, preview, choose, kept)
    if isinstance(executor, Elsewhere):
        for film in films:
            film.cost = replace(film.cost, most_parts=1)
    link = Link(reporter)
    with Targets(output_dir) as targets:
        targets.reserve([film.name for film in films])
        run = Run(
            films,
            targets,
            executor,
            link,
            jobs,
            preview,
            kept,
            keep_going,
            on_outcome,
            NullJournal() if journal is None else journal,
        )
        try:
            return Report(run.work())
        except BaseException:
            with uninterrupted():
                # before the targets' hidden folders go, nobody may write to them any more
                run.stop()
                targets.clear()
            raise


def plan_films(
    scenes: Sequence[PreparedScene],
    preview: bool,
    choose: Callable[[SceneFile, OutputSpec], str | None],
    store: RecordingStore,
) -> list[Film]:
    """Settle what is to be made, and which trainings it needs; equal ones are one."""
    chosen = [
        (scene, [(output, choose(scene.file, output)) for output in scene.file.scene.outputs])
        for scene in scenes
    ]
    wanted = [
        (scene, [(output, reason) for output, reason in outputs if reason is not None])
        for scene, outputs in chosen
    ]
    known = {scene: _training_keys(scene, store) for scene, outputs in wanted if outputs}
    timed = {key for scene in known if scene.file.scene.timed for key in known[scene]}
    trainings: dict[_TrainingKey, Training] = {}
    films: list[Film] = []
    for scene, outputs in wanted:
        if not outputs:
            continue
        for plan, key in zip(scene.plans, known[scene], strict=True):
            if key not in trainings:
                trainings[key] = Training(
                    key=f"training {len(trainings)}",
                    plan=plan,
                    dataset=scene.dataset,
                    standardize=scene.file.scene.data.standardize,
                    store_key=key if isinstance(key, str) else "",
                    timed=key in timed,
                )
        own = tuple(trainings[key] for key in known[scene])
        timeline = scene.timeline(preview=preview)
        films += [
            Film(
                scene,
                output,
                output_name(output, preview=preview),
                reason,
                own,
                film_cost(timeline, output, preview=preview),
            )
            for output, reason in outputs
        ]
    return films


def _training_keys(scene: PreparedScene, store: RecordingStore) -> list[_TrainingKey]:
    """Tell trainings apart: by their store's keys, where it has some, else also by their names."""
    spec = scene.file.scene
    return [
        store.key(spec.data, model, spec.measures_of(model.name)) or (spec.data, plan)
        for model, plan in zip(spec.models, scene.plans, strict=False)
    ]
