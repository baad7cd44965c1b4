"""``epochreel watch``: a preview at every save."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from epochreel.scenes.commands import Settings, app, examples, folder
from epochreel.scenes.guarding import guarded, make_reporter, tell

if TYPE_CHECKING:
    from contextlib import AbstractContextManager

    from epochreel.scenes.outcomes import Report
    from epochreel.scenes.progress import Reporter
    from epochreel.scenes.storing import RecordingStore

__all__ = ["watch"]


@app.command(epilog=examples("watch my.toml", "watch my.toml -o drafts"))
def watch(
    scene: Annotated[
        str,
        typer.Argument(metavar="SCENE", help="A scene file; its CSV file is watched as well."),
    ],
    output: Annotated[
        Path,
        typer.Option(
            "-o", "--output", metavar="DIR", parser=folder, help="Folder for the previews."
        ),
    ] = Path("output"),
    settings: Settings = None,
) -> None:
    """Render a preview of a scene whenever its file is saved; Ctrl-C ends it.

    Mistakes are told, and it goes on watching. What only looks different isn't trained again.
    """
    with guarded():
        from epochreel.scenes.batch import open_store
        from epochreel.scenes.overriding import settings_of
        from epochreel.scenes.watching import Watch
        from epochreel.scenes.watching import watch as start

        def open_its_store(reporter: Reporter) -> AbstractContextManager[RecordingStore]:
            return open_store(output, reporter)

        def open_reporter() -> Reporter:
            return make_reporter(quiet=False)

        def say_made(report: Report, seconds: float) -> None:
            for artifact in report.artifacts:
                print(f"{artifact.path}  {seconds:.1f} s", flush=True)

        wanted = Watch(
            scene,
            output,
            settings_of(settings or ()),
            open_its_store,
            open_reporter,
            say_made,
            tell,
        )
        tell(f"watching {scene}; Ctrl-C ends it")
        try:
            start(wanted)
        except KeyboardInterrupt:
            tell("no longer watching")
