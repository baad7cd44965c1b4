"""``epochreel info``: what is in recordings."""

from __future__ import annotations

from typing import Annotated

import typer

from epochreel.scenes.commands import app, examples
from epochreel.scenes.guarding import guarded

__all__ = ["info"]


@app.command(epilog=examples("info run.reel", "info *.reel"))
def info(
    reels: Annotated[list[str], typer.Argument(metavar="REEL", help="Recordings.")],
) -> None:
    """Say what is in recordings."""
    with guarded():
        from epochreel.scenes.describing import describe_recording

        for reel in reels:
            for line in describe_recording(reel):
                print(line)
