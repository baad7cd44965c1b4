"""``epochreel still``: one moment of a scene."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from epochreel.scenes.commands import app, examples
from epochreel.scenes.guarding import guarded, make_reporter

__all__ = ["still"]


@app.command(
    epilog=examples("still numpy_dark -o end.png", "still my.toml --at update:500 -o slide.pdf")
)
def still(
    scene: Annotated[
        str,
        typer.Argument(metavar="SCENE", help="A scene file, or the name of a ready-made scene."),
    ],
    output: Annotated[
        Path, typer.Option("-o", "--output", metavar="FILE", help="A .png, .svg or .pdf.")
    ],
    at: Annotated[
        str,
        typer.Option(
            "--at",
            metavar="MOMENT",
            help="first, last, a share of the film such as 0.5, or like 12s, update:500, epoch:20, "
            "'accuracy >= 0.9'.",
        ),
    ] = "last",
    size: Annotated[
        str | None, typer.Option("--size", metavar="WxH", help="In pixels, such as 1600x1200.")
    ] = None,
    style: Annotated[
        str | None, typer.Option("--style", metavar="STYLE", help="In place of the scene's own.")
    ] = None,
    quiet: Annotated[
        bool, typer.Option("-q", "--quiet", help="No progress; errors and notes are still told.")
    ] = False,
) -> None:
    """Train the models of a scene and draw one moment of its film."""
    with guarded():
        from epochreel.scenes.preparing import load_scene
        from epochreel.scenes.still import make_still, parse_size

        chosen = None if size is None else parse_size(size)
        loaded = load_scene(scene)
        reporter = make_reporter(quiet=quiet)
        try:
            width, height = make_still(
                loaded, output, at=at, size=chosen, style=style, reporter=reporter
            )
        finally:
            reporter.close()
        print(f"{output}  {width}×{height} px  at {at}")
