"""The command line. All but the arguments is imported on use, so that ``--help`` comes at once.

Exit codes: 0 done, 1 something failed while running, 2 what was given can't be used, 130
interrupted.
"""

from __future__ import annotations

import signal
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from epochreel.scenes.guarding import INTERRUPTED
from epochreel.scenes.guarding import guarded as _guarded
from epochreel.scenes.guarding import make_reporter as _make_reporter
from epochreel.scenes.guarding import terminable as _terminable

if TYPE_CHECKING:
    from epochreel.scenes.preparing import PreparedScene

__all__ = ["app", "main"]

app = typer.Typer(
    name="epochreel",
    add_completion=False,
    no_args_is_help=True,
    # markup would put boxes and colours into piped output
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)


def _examples(*commands: str) -> str:
    # the mark keeps the lines as they are
    return "\b\nExamples:\n" + "\n".join(f"  epochreel {command}" for command in commands)


Scenes = Annotated[
    list[str],
    typer.Argument(metavar="SCENE", help="A scene file, or the name of a ready-made scene."),
]


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
        with _terminable():
            app(args=arguments, prog_name="epochreel")
        code = 0
    except SystemExit as leaving:
        code = leaving.code if isinstance(leaving.code, int) else 0
    except KeyboardInterrupt:
        code = INTERRUPTED
    if code == INTERRUPTED and arguments is None:
        # the process ends next; a second, impatient Ctrl-C must not change how
        signal.signal(signal.SIGINT, signal.SIG_IGN)
    return code


def _print_version(wanted: bool) -> None:
    if wanted:
        from importlib.metadata import version

        print(f"epochreel {version('epochreel')}")
        raise typer.Exit


@app.callback(epilog=_examples("new my.toml", "check my.toml", "render numpy_dark --preview"))
def epochreel(
    version: Annotated[
        bool,
        typer.Option(
            "--version", callback=_print_version, is_eager=True, help="Print the version and exit."
        ),
    ] = False,
) -> None:
    """Film a neural network while it learns."""


@app.command(
    epilog=_examples("render numpy_dark", "render my.toml -o films", "render my.toml --preview")
)
def render(
    scenes: Scenes,
    output: Annotated[
        Path, typer.Option("-o", "--output", metavar="DIR", help="Folder for the finished files.")
    ] = Path("output"),
    preview: Annotated[
        bool,
        typer.Option(
            "--preview",
            help="A fast draft: the longer side at most 480 px, at most 40 frames, '-preview' in "
            "the file's name. The training is the same.",
        ),
    ] = False,
    quiet: Annotated[
        bool, typer.Option("-q", "--quiet", help="No progress; errors and notes are still told.")
    ] = False,
    jobs: Annotated[
        int | None,
        typer.Option("-j", "--jobs", min=1, metavar="N", help="Processes; default: one per core."),
    ] = None,
) -> None:
    """Train the models of scenes and make their films."""
    with _guarded():
        from epochreel.scenes.preparing import load_scenes

        _make_films(load_scenes(scenes), output, preview=preview, quiet=quiet, jobs=jobs)


@app.command(
    epilog=_examples(
        "film run.reel -o run.mp4",
        "film one.reel two.reel -o both.gif --size 1200x500",
        "film run.reel -o run.mp4 -o run.gif --style light --duration 12",
    )
)
def film(
    reels: Annotated[
        list[str],
        typer.Argument(metavar="REEL", help="Recordings; several are shown side by side."),
    ],
    output: Annotated[
        list[Path],
        typer.Option("-o", "--output", metavar="FILE", help="The film; say it again for more."),
    ],
    style: Annotated[
        str | None, typer.Option("--style", metavar="STYLE", help="See 'epochreel list'.")
    ] = None,
    panel: Annotated[
        list[str] | None,
        typer.Option("--panel", metavar="PANEL", help="What is shown of each; see 'list'."),
    ] = None,
    size: Annotated[
        str | None, typer.Option("--size", metavar="WxH", help="In pixels, such as 1600x1200.")
    ] = None,
    fps: Annotated[
        int | None, typer.Option("--fps", metavar="N", help="Frames per second; default: 20.")
    ] = None,
    duration: Annotated[
        float | None, typer.Option("--duration", metavar="S", help="Seconds, without holds.")
    ] = None,
    title: Annotated[str | None, typer.Option("--title", metavar="TEXT")] = None,
    viewport: Annotated[
        str | None,
        typer.Option("--viewport", metavar="X0,X1,Y0,Y1", help="What of the plane is shown."),
    ] = None,
    preview: Annotated[
        bool, typer.Option("--preview", help="A fast draft, small and short.")
    ] = False,
    quiet: Annotated[
        bool, typer.Option("-q", "--quiet", help="No progress; errors and notes are still told.")
    ] = False,
    jobs: Annotated[
        int | None,
        typer.Option("-j", "--jobs", min=1, metavar="N", help="Processes; default: one per core."),
    ] = None,
) -> None:
    """Make films of recordings. Needs no framework, and trains nothing.

    There is a frame for each snapshot, at most 600 unless --fps or --duration is given. Recordings
    side by side are shown at the same update.
    """
    with _guarded():
        from epochreel.scenes.filming import Wishes, parse_viewport, prepare_film
        from epochreel.scenes.still import parse_size

        wishes = Wishes(
            panels=panel or ("boundary",),
            style=style,
            size=None if size is None else parse_size(size),
            fps=fps,
            duration_s=duration,
            title=title,
            viewport=None if viewport is None else parse_viewport(viewport),
        )
        scene, folder = prepare_film(reels, output, wishes)
        _make_films([scene], folder, preview=preview, quiet=quiet, jobs=jobs)


@app.command(epilog=_examples("info run.reel", "info *.reel"))
def info(
    reels: Annotated[list[str], typer.Argument(metavar="REEL", help="Recordings.")],
) -> None:
    """Say what is in recordings."""
    with _guarded():
        from epochreel.scenes.describing import describe_recording

        for reel in reels:
            for line in describe_recording(reel):
                print(line)


def _make_films(
    scenes: list[PreparedScene], folder: Path, *, preview: bool, quiet: bool, jobs: int | None
) -> None:
    from epochreel.scenes.executors import SerialExecutor, WorkerPool, default_jobs
    from epochreel.scenes.pipeline import render_scenes, useful_jobs
    from epochreel.scenes.reporting import describe_artifacts

    workers = min(jobs or default_jobs(), useful_jobs(scenes, preview=preview))
    reporter = _make_reporter(quiet=quiet)
    try:
        with SerialExecutor() if workers == 1 else WorkerPool(workers, reporter) as executor:
            artifacts = render_scenes(
                scenes, folder, executor=executor, reporter=reporter, jobs=workers, preview=preview
            )
    finally:
        reporter.close()
    for line in describe_artifacts(artifacts):
        print(line)


@app.command(
    epilog=_examples("still numpy_dark -o end.png", "still my.toml --at update:500 -o slide.pdf")
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
            help="first, last, a share of the film such as 0.5, or like 12s, update:500, epoch:20.",
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
    with _guarded():
        from epochreel.scenes.preparing import load_scenes
        from epochreel.scenes.still import make_still, parse_size

        chosen = None if size is None else parse_size(size)
        (loaded,) = load_scenes([scene])
        reporter = _make_reporter(quiet=quiet)
        try:
            width, height = make_still(
                loaded, output, at=at, size=chosen, style=style, reporter=reporter
            )
        finally:
            reporter.close()
        print(f"{output}  {width}×{height} px  at {at}")


@app.command(epilog=_examples("check my.toml", "check numpy_dark"))
def check(scenes: Scenes) -> None:
    """Validate scenes and say what they would make."""
    with _guarded():
        from epochreel.scenes.preparing import load_scenes
        from epochreel.scenes.reporting import describe_scene

        for scene in load_scenes(scenes):
            for line in describe_scene(scene):
                print(line)


@app.command("list", epilog=_examples("list"))
def list_choices() -> None:
    """Show ready-made scenes and what a scene can choose from."""
    with _guarded():
        from epochreel.scenes.reporting import describe_choices

        for line in describe_choices():
            print(line)


@app.command(epilog=_examples("new my.toml", "new my.toml --force"))
def new(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="The scene file to write.")],
    force: Annotated[bool, typer.Option("--force", help="Replace FILE if it is there.")] = False,
) -> None:
    """Write a commented starter scene."""
    with _guarded():
        from epochreel.scenes.starting import write_starter

        write_starter(file, force=force)
        print(f"{file}: written; try: epochreel check {file}")
