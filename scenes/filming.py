"""Films of recordings that are there already, for `epochreel film`: no training, no framework."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from epochreel.nn.dataset import Dataset, Viewport
from epochreel.nn.errors import InvalidInputError, RecordingError, SceneError
from epochreel.nn.recording import ParameterRecording, Recording
from epochreel.nn.recording_file import SavedRecording, load_recording
from epochreel.scenes import limits
from epochreel.scenes.building import build_panel
from epochreel.scenes.loading import SceneFile
from epochreel.scenes.messages import printable, quoted
from epochreel.scenes.panel_specs import PANEL_SPECS, ManyModelsPanel
from epochreel.scenes.preparing import PreparedScene
from epochreel.scenes.problems import Problem, problems_of
from epochreel.scenes.schema import Scene

__all__ = ["Wishes", "parse_viewport", "prepare_film"]

USUAL_FRAMES = 600
"""Distinct frames at most, where neither their rate nor the film's length is asked for."""

_OPTIONS = {"file": "output", "kind": "panel"}
"""Key of a scene → option, where they differ."""


@dataclass(frozen=True)
class Wishes:
    """How a film is to be; what is left out is as in a scene."""

    panels: Sequence[str] = ()
    style: str | None = None
    size: tuple[int, int] | None = None
    fps: int | None = None
    duration_s: float | None = None
    title: str | None = None
    viewport: Viewport | None = None


def parse_viewport(text: str) -> Viewport:
    """Read a viewport such as ``-1.5,2.5,-1,2``.

    Raises
    ------
    InvalidInputError
    """
    try:
        x_min, x_max, y_min, y_max = map(float, text.split(","))
    except ValueError:
        raise InvalidInputError(
            f"viewport: must be like '-1.5,2.5,-1,2', least and greatest x, then y, got {text!r}"
        ) from None
    return Viewport(x_min, x_max, y_min, y_max)


def prepare_film(
    reels: Sequence[str], outputs: Sequence[Path], wishes: Wishes
) -> tuple[PreparedScene, Path]:
    """Load recordings and settle a film that shows them side by side.

    Parameters
    ----------
    reels : sequence of str
        Paths of recordings.
    outputs : sequence of Path
        The files to make, one or more.
    wishes : Wishes

    Returns
    -------
    scene : PreparedScene
        Has nothing left to train.
    folder : Path
        Of the outputs.

    Raises
    ------
    SceneError
        With a line for each recording that can't be read or filmed.
    InvalidInputError
        For an option that can't be.
    """
    folder = _common_folder(outputs)
    recordings = _named(reels, _load_all(reels))
    shown = {name: _shown(recording, wishes.viewport) for name, recording in recordings.items()}
    names = list(shown)
    timeline: dict[str, Any] = {"fps": wishes.fps, "duration": wishes.duration_s}
    if wishes.fps is None and wishes.duration_s is None:
        timeline["max_frames"] = USUAL_FRAMES
    if len(names) > 1:
        timeline["align"] = "updates"
    size = {} if wishes.size is None else {"size": wishes.size}
    document: dict[str, Any] = {
        "title": wishes.title,
        "models": [{"name": name} for name in names],
        "panels": [panel for kind in wishes.panels for panel in _panels(kind, names)]
        or [{"kind": _usual_kind(shown[name]), "model": name} for name in names],
        "timeline": timeline,
        "outputs": [
            {"file": os.path.relpath(path.absolute(), folder.absolute()).replace(os.sep, "/")}
            | size
            for path in outputs
        ],
    }
    if wishes.style is not None:
        document["style"] = wishes.style
    try:
        scene = Scene.model_validate(document)
    except ValidationError as error:
        raise SceneError(*dict.fromkeys(map(_worded, problems_of(error)))) from None
    _refuse_panels(scene, shown)
    title = reels[0] if len(reels) == 1 else f"{len(reels)} recordings"
    file = SceneFile(Path(reels[0]), title, scene)
    prepared = PreparedScene(file, _dataset(shown), (), shown)
    frames = prepared.timeline().frame_count
    if frames > limits.MAX_FRAMES:
        raise InvalidInputError(
            f"fps: must give at most {limits.MAX_FRAMES} frames, got {frames}; "
            "say how long the film is to be with --duration"
        )
    return prepared, folder


def _panels(kind: str, names: Sequence[str]) -> list[dict[str, str]]:
    """One panel for each recording, or one for all, as its kind has it."""
    spec = PANEL_SPECS.get(kind)
    if spec is not None and issubclass(spec, ManyModelsPanel):
        return [{"kind": kind}]
    return [{"kind": kind, "model": name} for name in names]


def _usual_kind(recording: Recording) -> str:
    return "fit" if recording.dataset.task == "regression" else "boundary"


def _refuse_panels(scene: Scene, recordings: Mapping[str, Recording]) -> None:
    """Let each panel say what it needs of a recording before any process is started."""
    usual = {"boundary", "fit"}  # of these it is known without loading Matplotlib
    for spec in scene.shown:
        kinds = {_usual_kind(recordings[name]) for name in spec.shows}
        flat = all(recordings[name].dataset.features <= 2 for name in spec.shows)
        if spec.kind in usual and kinds == {spec.kind} and flat:
            continue
        from epochreel.render.style import TypeScale, load_style

        size = scene.outputs[0].size
        scale = TypeScale.of_size(size)
        build_panel(spec).outline(recordings, load_style(scene.style), scale, scale.heading)


def _worded(found: Problem) -> str:
    """Say what is wrong with an option."""
    path, text = found
    key = str(next((part for part in reversed(path) if isinstance(part, str)), ""))
    return f"{_OPTIONS.get(key, key)}: {text}"


def _common_folder(outputs: Sequence[Path]) -> Path:
    folders = dict.fromkeys(path.parent for path in outputs)
    if len(folders) == 1:
        return next(iter(folders))
    try:
        return Path(os.path.commonpath([folder.absolute() for folder in folders]))
    except ValueError:  # two drives
        raise InvalidInputError("output: files must all be on one drive") from None


def _load_all(reels: Sequence[str]) -> list[SavedRecording]:
    loaded: list[SavedRecording] = []
    problems: list[str] = []
    for reel in reels:
        try:
            recording = load_recording(reel)
            _refuse(recording)
            loaded.append(recording)
        except RecordingError as error:
            problems.append(str(error))
        except InvalidInputError as error:
            problems.append(f"{printable(reel)}: {error}")
    if problems:
        raise SceneError(*dict.fromkeys(problems))
    return loaded


def _refuse(recording: SavedRecording) -> None:
    if isinstance(recording, ParameterRecording):
        inputs = recording.architecture[0].input_dim
        outputs = recording.architecture[-1].output_dim
    else:
        inputs, outputs = 2, recording.predictions.shape[1]
    if recording.dataset.task == "regression":
        if inputs != 1:
            raise InvalidInputError(
                f"can't be filmed: needs 1 feature of a regression, got {inputs}"
            )
    elif inputs < 2:
        raise InvalidInputError(f"can't be filmed: needs at least 2 features, got {inputs}")
    if outputs > limits.MAX_CLASSES:
        text = f"needs at most {limits.MAX_CLASSES} classes, got {outputs}"
        raise InvalidInputError(f"can't be filmed: {text}")


def _named(reels: Sequence[str], recordings: Sequence[SavedRecording]) -> dict[str, SavedRecording]:
    """Give each a name of its own: the file's name is added where two are called alike."""
    called = [printable(recording.name).strip() or "Model" for recording in recordings]
    named: dict[str, SavedRecording] = {}
    for reel, name, recording in zip(reels, called, recordings, strict=True):
        if called.count(name) > 1:
            name = f"{name} ({printable(Path(reel).stem)})"
        name = name if len(name) <= limits.MAX_NAME else name[: limits.MAX_NAME - 1] + "…"
        if name in named:
            raise InvalidInputError(
                f"reels: {quoted(reel)} can't be told from another of the same name, {quoted(name)}"
            )
        named[name] = recording
    return named


def _shown(recording: SavedRecording, viewport: Viewport | None) -> SavedRecording:
    if viewport is None:
        return recording
    return replace(recording, dataset=replace(recording.dataset, viewport=viewport))


def _dataset(recordings: Mapping[str, Recording]) -> Dataset:
    return next(iter(recordings.values())).dataset
