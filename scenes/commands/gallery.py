"""``epochreel gallery``: the manifest and the page of a folder of films."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from epochreel.scenes.commands import app, examples
from epochreel.scenes.guarding import guarded, tell

__all__ = ["gallery"]


@app.command(epilog=examples("gallery", "gallery term/films"))
def gallery(
    folder: Annotated[
        Path, typer.Argument(metavar="DIR", help="A folder that films were rendered into.")
    ] = Path("output"),
) -> None:
    """Make index.html and manifest.json anew, of the films that are in a folder and below it.

    'render' does so after each run. It helps when films were moved, deleted or brought together.
    """
    with guarded():
        from epochreel.nn.errors import InvalidInputError
        from epochreel.scenes.gallery import INDEX
        from epochreel.scenes.messages import printable
        from epochreel.scenes.showing import show_films

        tell(*show_films(folder))
        if not (folder / INDEX).exists():
            raise InvalidInputError(
                f"{printable(str(folder))}: must hold films that 'epochreel render' has made, "
                "found none"
            )
        print(folder / INDEX)
