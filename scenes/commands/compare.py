"""``epochreel compare``: the models of a scene side by side."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from epochreel.scenes.commands import app, examples
from epochreel.scenes.guarding import guarded, make_reporter

__all__ = ["compare"]


@app.command(
    epilog=examples(
        "compare optimizer_race", "compare my.toml --repeat 5 -o table.md -o figure.png"
    )
)
def compare(
    scene: Annotated[
        str,
        typer.Argument(metavar="SCENE", help="A scene file, or the name of a ready-made scene."),
    ],
    repeat: Annotated[
        int,
        typer.Option(
            "--repeat",
            min=1,
            metavar="N",
            help="Train each model with so many seeds, from the scene's own on; the data stays the "
            "same. The table has medians, with lowest and highest.",
        ),
    ] = 1,
    output: Annotated[
        list[Path] | None,
        typer.Option(
            "-o",
            "--output",
            metavar="FILE",
            help="A .md for the table, or a .png, .svg or .pdf for a figure; may be given again.",
        ),
    ] = None,
    style: Annotated[
        str | None, typer.Option("--style", metavar="STYLE", help="In place of the scene's own.")
    ] = None,
    quiet: Annotated[
        bool, typer.Option("-q", "--quiet", help="No progress; errors and notes are still told.")
    ] = False,
) -> None:
    """Train the models of a scene and put their sizes, seconds and scores side by side.

    Seconds are those of the training alone. To be fair only one training runs at a time, and models
    take turns: there is no --jobs.
    """
    with guarded():
        from epochreel.render import load_style
        from epochreel.scenes.comparing import check_targets, compare_models
        from epochreel.scenes.comparison_output import text_table, write_comparison
        from epochreel.scenes.preparing import load_scene

        targets = output or []
        check_targets(targets, repeat=repeat, style=style)
        loaded = load_scene(scene)
        reporter = make_reporter(quiet=quiet)
        try:
            comparison = compare_models(loaded, repeat=repeat, reporter=reporter)
        finally:
            reporter.close()
        for line in text_table(comparison):
            print(line)
        spec = loaded.file.scene
        for path in targets:
            write_comparison(comparison, path, load_style(style or spec.style, spec.colormap))
            print(path)
