"""The command line: streams and exit codes around the commands.

Exit codes: 0 done, 1 something failed while running, 2 what was given can't be used, 130
interrupted.
"""

from __future__ import annotations

import gc
import signal
import sys
from typing import Annotated

import typer

from epochreel.scenes.commands import app, examples, load_commands
from epochreel.scenes.guarding import INTERRUPTED, terminable

__all__ = ["main"]


def main(arguments: list[str] | None = None) -> int:
    """Run the command line.

    Parameters
    ----------
    arguments : list of str, optional
        Without the program's name; those of the process when left out.

    Returns
    -------
    int
        Exit code.
    """
    for stream in (sys.stdout, sys.stderr):
        # a file name, or a sign that an old console's encoding lacks, must not end the program
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="backslashreplace")  # pyright: ignore[reportAttributeAccessIssue, reportUnknownMemberType]
    try:
        with terminable():
            load_commands()(args=arguments, prog_name="epochreel")
        code = 0
    except SystemExit as leaving:
        code = leaving.code if isinstance(leaving.code, int) else 0
    except KeyboardInterrupt:
        code = INTERRUPTED
    if arguments is None:  # the process ends next
        gc.freeze()  # to look for garbage before that would take a third of a second
        if code == INTERRUPTED:  # a second, impatient Ctrl-C must not change how it ends
            signal.signal(signal.SIGINT, signal.SIG_IGN)
    return code


def _print_version(wanted: bool) -> None:
    if wanted:
        from importlib.metadata import version

        print(f"epochreel {version('epochreel')}")
        raise typer.Exit


@app.callback(epilog=examples("new my.toml", "check my.toml", "render numpy_dark --preview"))
def epochreel(
    version: Annotated[
        bool,
        typer.Option(
            "--version", callback=_print_version, is_eager=True, help="Print the version and exit."
        ),
    ] = False,
) -> None:
    """Film a neural network while it learns."""
