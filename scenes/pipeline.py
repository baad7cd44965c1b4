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

__all__ = ["everything", "render_scenes"]


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
    of scenes that show the seconds of training are trained one at a time, before anything else
    runs, so that these are the model's own.

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
    films = _plan(scenes, preview, choose, kept)
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


def _plan(
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
    timed = {
        (scene.file.scene.data, plan)
        for scene, outputs in wanted
        if outputs and scene.file.scene.timed
        for plan in scene.plans
    }
    trainings: dict[tuple[DataSpec, TrainingPlan], Training] = {}
    films: list[Film] = []
    for scene, outputs in wanted:
        if not outputs:
            continue
        spec = scene.file.scene
        for plan, model in zip(scene.plans, spec.models, strict=False):
            if (spec.data, plan) not in trainings:
                trainings[spec.data, plan] = Training(
                    key=f"training {len(trainings)}",
                    plan=plan,
                    dataset=scene.dataset,
                    standardize=spec.data.standardize,
                    store_key=store.key(spec.data, model),
                    timed=(spec.data, plan) in timed,
                )
        own = tuple(trainings[spec.data, plan] for plan in scene.plans)
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
