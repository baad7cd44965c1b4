"""``epochreel film``: films of recordings."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from epochreel.scenes.commands import app, examples
from epochreel.scenes.guarding import guarded, make_reporter, tell

if TYPE_CHECKING:
    from epochreel.scenes.preparing import PreparedScene

__all__ = ["film"]


@app.command(
    epilog=examples(
        "film run.reel -o run.mp4",
        "film one.reel two.reel -o both.gif --size 1200x500",
        "film run.reel -o run.mp4 -o run.gif --style light --duration 12",
    )
)
def film(
    reels: Annotated[
        list[str],
        typer.Argument(metavar="REEL", help="Recordings; several are shown side by side."),
    ],
    output: Annotated[
        list[Path],
        typer.Option("-o", "--output", metavar="FILE", help="The film; say it again for more."),
    ],
    style: Annotated[
        str | None, typer.Option("--style", metavar="STYLE", help="See 'epochreel list'.")
    ] = None,
    panel: Annotated[
        list[str] | None,
        typer.Option("--panel", metavar="PANEL", help="What is shown of each; see 'list'."),
    ] = None,
    size: Annotated[
        str | None, typer.Option("--size", metavar="WxH", help="In pixels, such as 1600x1200.")
    ] = None,
    fps: Annotated[
        int | None, typer.Option("--fps", metavar="N", help="Frames per second; default: 20.")
    ] = None,
    duration: Annotated[
        float | None, typer.Option("--duration", metavar="S", help="Seconds, without holds.")
    ] = None,
    title: Annotated[str | None, typer.Option("--title", metavar="TEXT")] = None,
    viewport: Annotated[
        str | None,
        typer.Option("--viewport", metavar="X0,X1,Y0,Y1", help="What of the plane is shown."),
    ] = None,
    preview: Annotated[
        bool, typer.Option("--preview", help="A fast draft, small and short.")
    ] = False,
    quiet: Annotated[
        bool, typer.Option("-q", "--quiet", help="No progress; errors and notes are still told.")
    ] = False,
    jobs: Annotated[
        int | None,
        typer.Option("-j", "--jobs", min=1, metavar="N", help="Processes; default: one per core."),
    ] = None,
) -> None:
    """Make films of recordings. Needs no framework, and trains nothing.

    There is a frame for each snapshot, at most 600 unless --fps or --duration is given. Recordings
    side by side are shown at the same update.
    """
    with guarded():
        from epochreel.scenes.filming import Wishes, parse_viewport, prepare_film
        from epochreel.scenes.still import parse_size

        wishes = Wishes(
            panels=panel or (),
            style=style,
            size=None if size is None else parse_size(size),
            fps=fps,
            duration_s=duration,
            title=title,
            viewport=None if viewport is None else parse_viewport(viewport),
        )
        scene, folder = prepare_film(reels, output, wishes)
        _make_film(scene, folder, preview=preview, quiet=quiet, jobs=jobs)


def _make_film(
    scene: PreparedScene, folder: Path, *, preview: bool, quiet: bool, jobs: int | None
) -> None:
    from epochreel.scenes.batch_log import BatchLog
    from epochreel.scenes.costing import film_jobs
    from epochreel.scenes.executors import SerialExecutor, default_jobs
    from epochreel.scenes.pipeline import render_scenes
    from epochreel.scenes.pools import WorkerPool
    from epochreel.scenes.summarizing import describe_artifacts

    workers = min(jobs or default_jobs(), film_jobs(scene, preview=preview))
    reporter = make_reporter(quiet=quiet)
    log = BatchLog(folder, [scene.file], reporter.note)
    try:
        with SerialExecutor() if workers == 1 else WorkerPool(workers, reporter) as executor:
            report = render_scenes(
                [scene],
                folder,
                executor=executor,
                reporter=reporter,
                jobs=workers,
                preview=preview,
                journal=log,
            )
    finally:
        reporter.close()
    for line in describe_artifacts(report.artifacts):
        print(line)
    tell(*log.errors(report.failed))
    if report.exit_code:
        raise typer.Exit(report.exit_code)
