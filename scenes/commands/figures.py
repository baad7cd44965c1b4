"""``epochreel figures``: what a scene is made of, as figures for print, slides and blogs."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from epochreel.scenes.commands import app, examples, folder
from epochreel.scenes.guarding import guarded, make_reporter

__all__ = ["figures"]


@app.command(
    epilog=examples(
        "figures",
        "figures architecture unit -o thesis --format pdf --width column",
        "figures blueprint --format mp4,gif --style dark --width slide",
        "figures curves strip --scene my.toml",
    )
)
def figures(
    names: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="NAME",
            help="architecture, blueprint, unit, shapes, layer_steps, activations, dataset, "
            "curves, strip, comparison; all of them without a name.",
        ),
    ] = None,
    output: Annotated[
        Path,
        typer.Option("-o", "--output", metavar="DIR", parser=folder, help="Where they go."),
    ] = Path("output/figures"),
    formats: Annotated[
        str,
        typer.Option(
            "--format",
            metavar="LIST",
            help="svg, pdf, png; of the blueprint also mp4, webm, gif, webp, apng: a film.",
        ),
    ] = "svg,pdf,png",
    style: Annotated[
        str, typer.Option("--style", metavar="STYLE", help="light or dark.")
    ] = "light",
    width: Annotated[
        str,
        typer.Option(
            "--width", metavar="WIDTH", help="column (85 mm), slide (254 mm, 16:9), blog (720 px)."
        ),
    ] = "blog",
    scene: Annotated[
        str,
        typer.Option("--scene", metavar="SCENE", help="Whose data, networks and trainings."),
    ] = "numpy_dark",
    model: Annotated[
        str | None,
        typer.Option("--model", metavar="NAME", help="One of the scene's; default: the first."),
    ] = None,
    quiet: Annotated[
        bool, typer.Option("-q", "--quiet", help="No progress; errors and notes are still told.")
    ] = False,
) -> None:
    """Draw figures of a scene, each with its caption and alt text in a file beside it.

    They show the real thing: networks, arrays of a training step, recordings. Only what a figure
    needs is trained. The same figures have the same bytes.
    """
    with guarded():
        from epochreel.scenes.figuring import (
            FigureWishes,
            check_wishes,
            describe_figures,
            make_figures,
        )
        from epochreel.scenes.preparing import load_scene

        chosen = tuple(part.strip().lstrip(".") for part in formats.split(",") if part.strip())
        wishes = FigureWishes(tuple(names or ()), chosen, style, width, model)
        check_wishes(wishes, output)
        loaded = load_scene(scene)
        reporter = make_reporter(quiet=quiet)
        try:
            files = make_figures(loaded, output, wishes, reporter=reporter)
        finally:
            reporter.close()
        for line in describe_figures(files):
            print(line)
