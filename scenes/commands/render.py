"""``epochreel render``: scenes into films and stills."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from epochreel.scenes.commands import Only, Scenes, Settings, app, examples, folder
from epochreel.scenes.guarding import guarded

__all__ = ["render"]


@app.command(
    epilog=examples("render numpy_dark", "render my.toml -o films", "render my.toml --preview")
)
def render(
    scenes: Scenes,
    output: Annotated[
        Path,
        typer.Option(
            "-o", "--output", metavar="DIR", parser=folder, help="Folder for the finished files."
        ),
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
    keep_going: Annotated[
        bool,
        typer.Option(
            "-k", "--keep-going", help="When something fails, make all that doesn't need it."
        ),
    ] = False,
    force: Annotated[
        bool,
        typer.Option("--force", help="Make all files anew, and train all models anew."),
    ] = False,
    dry_run: Annotated[
        bool,
        typer.Option("--dry-run", help="Only say what would be made, and why."),
    ] = False,
    no_cache: Annotated[
        bool,
        typer.Option("--no-cache", help="Neither use nor keep recordings of other runs."),
    ] = False,
    gallery: Annotated[
        bool,
        typer.Option(
            "--gallery/--no-gallery",
            help="Whether index.html and manifest.json are made of all films in the folder.",
        ),
    ] = True,
    jobs: Annotated[
        int | None,
        typer.Option("-j", "--jobs", min=1, metavar="N", help="Processes; default: one per core."),
    ] = None,
    cluster: Annotated[
        str | None,
        typer.Option(
            "--cluster",
            metavar="WHERE",
            help="Work on a Dask cluster: the address of its scheduler, tcp://host:8786, or 'auto' "
            "for one on this machine. --jobs is then how many tasks it has at a time.",
        ),
    ] = None,
) -> None:
    """Train the models of scenes and make their films and stills.

    All scenes are validated before any is worked on. A batch of several has a log for each scene in
    DIR/logs. Models whose seconds of training are shown are trained first, one at a time.
    """
    with guarded():
        from epochreel.scenes.batch import BatchOptions, run_batch, try_batch

        options = BatchOptions(
            scenes=scenes,
            output=output,
            only=only or (),
            settings=settings or (),
            preview=preview,
            quiet=quiet,
            keep_going=keep_going,
            force=force,
            cache=not no_cache,
            gallery=gallery,
            jobs=jobs,
            cluster=cluster,
        )
        if dry_run:
            for line in try_batch(options):
                print(line)
            return
        report = run_batch(options)
    if report.exit_code:
        raise typer.Exit(report.exit_code)
