"""Scene files, and what turns one or many of them into finished files.

Names are imported when they are used: the command line answers ``--help`` without loading what
trains and draws.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from epochreel.scenes.executors import SerialExecutor
    from epochreel.scenes.loading import SceneFile, parse_scene, read_scene
    from epochreel.scenes.notebook import NotebookReporter, choose_reporter
    from epochreel.scenes.outcomes import Artifact, Outcome, Report
    from epochreel.scenes.pipeline import render_scenes
    from epochreel.scenes.pools import WorkerPool
    from epochreel.scenes.preparing import PreparedScene, load_scenes, prepare_scene
    from epochreel.scenes.progress import LineReporter, NullReporter, Reporter, TqdmReporter
    from epochreel.scenes.schema import Scene

__all__ = [
    "Artifact",
    "LineReporter",
    "NotebookReporter",
    "NullReporter",
    "Outcome",
    "PreparedScene",
    "Report",
    "Reporter",
    "Scene",
    "SceneFile",
    "SerialExecutor",
    "TqdmReporter",
    "WorkerPool",
    "choose_reporter",
    "load_scenes",
    "parse_scene",
    "prepare_scene",
    "read_scene",
    "render_scenes",
]

_HOMES = {
    "Artifact": "outcomes",
    "LineReporter": "progress",
    "NotebookReporter": "notebook",
    "NullReporter": "progress",
    "Outcome": "outcomes",
    "PreparedScene": "preparing",
    "Report": "outcomes",
    "Reporter": "progress",
    "Scene": "schema",
    "SceneFile": "loading",
    "SerialExecutor": "executors",
    "TqdmReporter": "progress",
    "WorkerPool": "pools",
    "choose_reporter": "notebook",
    "load_scenes": "preparing",
    "parse_scene": "loading",
    "prepare_scene": "preparing",
    "read_scene": "loading",
    "render_scenes": "pipeline",
}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
