"""``epochreel check``: what scenes would make."""

from __future__ import annotations

from epochreel.scenes.commands import Scenes, app, examples
from epochreel.scenes.guarding import guarded

__all__ = ["check"]


@app.command(epilog=examples("check my.toml", "check numpy_dark"))
def check(scenes: Scenes) -> None:
    """Validate scenes and say what they would make."""
    with guarded():
        from epochreel.scenes.preparing import load_scenes
        from epochreel.scenes.reporting import describe_scene

        for scene in load_scenes(scenes):
            for line in describe_scene(scene):
                print(line)
