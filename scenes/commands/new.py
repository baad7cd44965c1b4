"""``epochreel new``: a scene to start from."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from epochreel.scenes.commands import app, examples
from epochreel.scenes.guarding import guarded

__all__ = ["new"]


@app.command(epilog=examples("new my.toml", "new my.toml --force"))
def new(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="The scene file to write.")],
    force: Annotated[bool, typer.Option("--force", help="Replace FILE if it is there.")] = False,
) -> None:
    """Write a commented starter scene."""
    with guarded():
        from epochreel.scenes.starting import write_starter

        write_starter(file, force=force)
        print(f"{file}: written; try: epochreel check {file}")
