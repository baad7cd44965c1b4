"""``epochreel check``: what scenes would make."""

from __future__ import annotations

from epochreel.scenes.commands import Only, Scenes, Settings, app, examples
from epochreel.scenes.guarding import guarded

__all__ = ["check"]


@app.command(epilog=examples("check my.toml", "check term/ --set timeline.fps=25"))
def check(scenes: Scenes, only: Only = None, settings: Settings = None) -> None:
    """Validate scenes and say what they would make."""
    with guarded():
        from epochreel.scenes.overriding import settings_of
        from epochreel.scenes.preparing import load_scenes
        from epochreel.scenes.reporting import describe_scene

        for scene in load_scenes(scenes, only=only or (), settings=settings_of(settings or ())):
            for line in describe_scene(scene):
                print(line)
