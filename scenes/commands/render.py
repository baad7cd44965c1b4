"""``epochreel render``: scenes into films and stills."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from epochreel.scenes.commands import Only, Scenes, Settings, app, examples
from epochreel.scenes.guarding import guarded, make_reporter

__all__ = ["render"]


@app.command(
    epilog=examples("render numpy_dark", "render my.toml -o films", "render my.toml --preview")
)
def render(
    scenes: Scenes,
    output: Annotated[
        Path, typer.Option("-o", "--output", metavar="DIR", help="Folder for the finished files.")
    ] = Path("output"),
    preview: Annotated[
        bool,
        typer.Option(
            "--preview",
            help="A fast draft: the longer side at most 480 px, at most 40 frames, '-preview' in "
            "the file's name. The training is the same.",
        ),
    ] = False,
    only: Only = None,
    settings: Settings = None,
    quiet: Annotated[
        bool, typer.Option("-q", "--quiet", help="No progress; errors and notes are still told.")
    ] = False,
    jobs: Annotated[
        int | None,
        typer.Option("-j", "--jobs", min=1, metavar="N", help="Processes; default: one per core."),
    ] = None,
) -> None:
    """Train the models of scenes and make their films and stills.

    Models whose seconds of training are shown are trained one at a time, before anything else runs.
    """
    with guarded():
        from epochreel.scenes.building import build_dataset
        from epochreel.scenes.executors import (
            PassingProcess,
            SerialExecutor,
            WorkerPool,
            default_jobs,
        )
        from epochreel.scenes.gathering import read_scenes
        from epochreel.scenes.overriding import settings_of
        from epochreel.scenes.pipeline import render_scenes, useful_jobs
        from epochreel.scenes.preparing import prepare_scenes
        from epochreel.scenes.reporting import describe_artifacts

        files, problems = read_scenes(scenes, only=only or (), settings=settings_of(settings or ()))
        useful = 1 if problems else useful_jobs(files, preview=preview)
        workers = min(jobs or default_jobs(), useful)
        reporter = make_reporter(quiet=quiet)
        try:
            with SerialExecutor() if workers == 1 else WorkerPool(workers, reporter) as executor:
                # While the workers start: either takes a second. What makes data takes 80 MB, which
                # are gone again before many processes draw.
                with executor if workers == 1 else PassingProcess() as other:
                    loaded = prepare_scenes(
                        files,
                        problems,
                        make=lambda spec: other.submit(build_dataset, spec).result(),
                    )
                artifacts = render_scenes(
                    loaded,
                    output,
                    executor=executor,
                    reporter=reporter,
                    jobs=workers,
                    preview=preview,
                )
        finally:
            reporter.close()
        for line in describe_artifacts(artifacts):
            print(line)
