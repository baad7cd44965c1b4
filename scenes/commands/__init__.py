"""The commands of ``epochreel``, one module each; what they work with is imported on use."""

from __future__ import annotations

from importlib import import_module
from pathlib import Path
from typing import Annotated

import typer

__all__ = ["COMMANDS", "Only", "Scenes", "Settings", "app", "examples", "folder", "load_commands"]

COMMANDS = (
    "render",
    "film",
    "info",
    "still",
    "figures",
    "watch",
    "compare",
    "gallery",
    "check",
    "list_choices",
    "new",
    "cache",
)
"""Modules here, in the order of ``epochreel --help``."""

app = typer.Typer(
    name="epochreel",
    add_completion=False,
    no_args_is_help=True,
    # markup would put boxes and colours into piped output
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)

Scenes = Annotated[
    list[str],
    typer.Argument(
        metavar="SCENE...",
        help="Scene files, folders of them, patterns such as 'term/**/*.toml', or names of "
        "ready-made scenes.",
    ),
]
Only = Annotated[
    list[str] | None,
    typer.Option("--only", metavar="PATTERN", help="Only scenes with such a name: 'moons*'."),
]
Settings = Annotated[
    list[str] | None,
    typer.Option("--set", metavar="KEY=VALUE", help="In all scenes: timeline.fps=25."),
]


def folder(text: str | Path) -> Path:
    """Read the name of a folder; an empty one, as of a variable that isn't set, is a mistake.

    Typer brings the default here, too.
    """
    if not str(text).strip():
        raise typer.BadParameter(f"must be the name of a folder, got {text!r}")
    return Path(text)


def examples(*commands: str) -> str:
    """Lay out examples for the end of a command's help."""
    # the mark keeps the lines as they are
    return "\b\nExamples:\n" + "\n".join(f"  epochreel {command}" for command in commands)


def load_commands() -> typer.Typer:
    """Make the app know its commands: each registers itself when its module is imported."""
    for name in COMMANDS:
        import_module(f"{__name__}.{name}")
    return app
