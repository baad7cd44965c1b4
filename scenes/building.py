"""From the parts of a scene to what the stages work with: a dataset, recordings, a film."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from importlib import import_module
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Any, cast

from epochreel.nn.dataset import Dataset, Viewport
from epochreel.nn.datasets import make_dataset
from epochreel.nn.recording import Recording
from epochreel.render.timeline import Hold, Timeline, TimelineOptions, plan_timeline
from epochreel.scenes.caption_spec import CaptionSpec
from epochreel.scenes.data_spec import (
    BlobsData,
    CsvData,
    DataSpec,
    GeneratedData,
    SpiralsData,
)
from epochreel.scenes.panel_specs import PanelSpecBase
from epochreel.scenes.schema import OutputSpec, Scene, TimelineSpec

if TYPE_CHECKING:
    from epochreel.render.areas import Arrangement
    from epochreel.render.captions import Caption
    from epochreel.render.film import Film
    from epochreel.render.panels import Panel

__all__ = [
    "build_dataset",
    "build_film",
    "dataset_options",
    "output_name",
    "output_size",
    "plan_film",
]

PREVIEW_SIDE_PX = 480
PREVIEW_FRAMES = 40
_LEAST_SIDE_PX = 16


def build_dataset(data: DataSpec) -> Dataset:
    """Make the data that a scene asks for.

    Raises
    ------
    InvalidInputError
        When it can't be made: a CSV file with a wrong cell, for instance.
    """
    return make_dataset(data.kind, **dataset_options(data))


def dataset_options(data: DataSpec) -> dict[str, Any]:
    """Give what a scene's data are made with, besides their kind.

    See :func:`epochreel.nn.datasets.make_dataset`: with these it can be called where nothing is
    known of scenes.
    """
    options: dict[str, Any] = {"test_fraction": data.test_fraction, "split_seed": data.split_seed}
    if data.viewport is not None:
        options["viewport"] = Viewport(*data.viewport)
    if isinstance(data, CsvData):
        options |= {"path": data.path, "label": data.label, "header": data.header}
        options["task"] = data.task
    elif isinstance(data, GeneratedData):
        options |= {"samples": data.samples, "noise": data.noise, "seed": data.seed}
        if isinstance(data, (BlobsData, SpiralsData)):
            options["classes"] = data.classes
    return options


def build_panel(spec: PanelSpecBase) -> Panel:
    """Make a panel from its table."""
    from epochreel.render.panels import PANELS

    module, _, name = PANELS[spec.kind].partition(":")
    panel: Panel = getattr(import_module(module), name)(**spec.options())
    return panel


def build_film(
    scene: Scene, recordings: Mapping[str, Recording], output: OutputSpec, *, preview: bool = False
) -> Film:
    """Put one film together.

    Parameters
    ----------
    scene : Scene
    recordings : mapping
        Recording of every model of the scene, by name.
    output : OutputSpec
        The file it is for; says the size.
    preview : bool
        Make it small and short.

    Returns
    -------
    Film
    """
    # here, because Matplotlib takes half a second to load and a check never needs it
    from epochreel.render.film import Film
    from epochreel.render.style import load_style

    timeline = Timeline.build(recordings, **_timing(scene.timeline, preview=preview))
    return Film(
        recordings,
        [build_panel(panel) for panel in scene.shown],
        size=output_size(output, preview=preview),
        style=load_style(scene.style, scene.colormap),
        timeline=timeline,
        title=scene.title,
        captions=[_build_caption(caption) for caption in scene.captions],
        columns=scene.columns,
        arrangement=_build_arrangement(scene),
    )


def _build_arrangement(scene: Scene) -> Arrangement | None:
    from epochreel.render.areas import Arrangement, Inset

    layout = scene.layout
    if layout is None:
        return None
    grid = Arrangement.of_areas(
        layout.areas, row_weights=layout.row_weights, column_weights=layout.column_weights
    )
    insets = [
        Inset(layout.letters.index(spec.on), cast("Any", spec.corner), spec.width, spec.height)
        for spec in layout.insets
    ]
    return replace(grid, insets=tuple(insets))


def _build_caption(spec: CaptionSpec) -> Caption:
    from epochreel.render.captions import Caption

    return Caption(
        spec.text,
        update=spec.update,
        epoch=spec.epoch,
        time_s=spec.time,
        event=spec.event,
        model=spec.model,
        duration_s=spec.duration,
        fade_s=spec.fade,
        hold_s=spec.hold,
    )


def plan_film(
    timeline: TimelineSpec, snapshots: Mapping[str, int], *, preview: bool = False
) -> Timeline:
    """Plan a film from how many snapshots each model will give."""
    return plan_timeline(snapshots, **_timing(timeline, preview=preview))


def output_size(output: OutputSpec, *, preview: bool = False) -> tuple[int, int]:
    """Size in pixels; a preview's longer side is at most 480."""
    width, height = output.size
    longer = max(width, height)
    if not preview or longer <= PREVIEW_SIDE_PX:
        return width, height
    scale = PREVIEW_SIDE_PX / longer
    return max(_LEAST_SIDE_PX, round(width * scale)), max(_LEAST_SIDE_PX, round(height * scale))


def output_name(output: OutputSpec, *, preview: bool = False) -> PurePosixPath:
    """Path under the output folder; a preview says in its name that it is one."""
    path = PurePosixPath(output.file)
    return path.with_name(f"{path.stem}-preview{path.suffix}") if preview else path


def _timing(timeline: TimelineSpec, *, preview: bool) -> TimelineOptions:
    limits = [timeline.max_frames, PREVIEW_FRAMES if preview else None]
    return {
        "fps": timeline.fps,
        "frames": timeline.frames,
        "duration_s": timeline.duration,
        "hold_first_s": timeline.hold_first,
        "hold_last_s": timeline.hold_last,
        "holds": [Hold(hold.at, hold.seconds, hold.unit) for hold in timeline.holds],
        "max_frames": min((limit for limit in limits if limit is not None), default=None),
        "pace": timeline.pace,
        "easing": timeline.easing,
        "tween": timeline.tween,
        "align": timeline.align,
    }
