"""``epochreel list``: what a scene can choose from."""

from __future__ import annotations

from epochreel.scenes.commands import app, examples
from epochreel.scenes.guarding import guarded

__all__ = ["list_choices"]


@app.command("list", epilog=examples("list"))
def list_choices() -> None:
    """Show ready-made scenes and what a scene can choose from."""
    with guarded():
        from epochreel.scenes.reporting import describe_choices

        for line in describe_choices():
            print(line)
