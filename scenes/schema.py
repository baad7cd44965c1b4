"""What a scene file may say. A :class:`Scene` is data only, validated and immutable.

Nothing here reads a file (but for looking whether a CSV file is there);
:mod:`epochreel.scenes.loading` does, and turns what is wrong into words.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import PurePosixPath
from typing import Annotated, Any, Self, cast

from pydantic import Field, ValidationInfo, model_validator
from pydantic_core import PydanticCustomError

from epochreel.nn.errors import InvalidInputError
from epochreel.scenes import limits
from epochreel.scenes.caption_spec import CaptionSpec
from epochreel.scenes.data_spec import DataSpec, MoonsData
from epochreel.scenes.filenames import collision_key
from epochreel.scenes.layout_spec import LayoutSpec
from epochreel.scenes.messages import count, did_you_mean, quoted
from epochreel.scenes.model_spec import ModelSpec
from epochreel.scenes.output_spec import OutputSpec
from epochreel.scenes.panel_specs import BoundarySpec, FitSpec, PanelSpec, PanelSpecBase
from epochreel.scenes.sweep_spec import SweepSpec
from epochreel.scenes.values import (
    Description,
    Entries,
    SomeEntries,
    Spec,
    Title,
    choice,
    deeper,
    problem,
    unique_index,
)

__all__ = ["OutputSpec", "PanelSpec", "Scene", "TimelineSpec"]


def _styles() -> Iterable[str]:
    from epochreel.render.looks import STYLES

    return STYLES


def _colormaps() -> Iterable[str]:
    from epochreel.render.looks import COLORMAPS

    return COLORMAPS


def _paces() -> Iterable[str]:
    from epochreel.render.pacing import PACES

    return PACES


def _easings() -> Iterable[str]:
    from epochreel.render.easing import EASINGS

    return EASINGS


def _alignments() -> Iterable[str]:
    from epochreel.render.alignment import ALIGNMENTS

    return ALIGNMENTS


def _hold_units() -> Iterable[str]:
    from epochreel.render.rate import HOLD_UNITS

    return HOLD_UNITS


Seconds = Annotated[float, Field(ge=0, le=limits.MAX_HOLD_S)]


class HoldSpec(Spec):
    """An entry of ``timeline.holds``: a moment that is shown longer."""

    at: float = Field(ge=0, le=limits.MAX_ITERATIONS)
    unit: Annotated[str, choice(_hold_units)] = "update"
    seconds: Seconds


class TimelineSpec(Spec):
    """The ``[timeline]`` table: pace and holds."""

    fps: Annotated[int, Field(ge=1, le=limits.MAX_FPS)] | None = None
    frames: Annotated[int, Field(ge=1, le=limits.MAX_FRAMES)] | None = None
    duration: Annotated[float, Field(gt=0, le=limits.MAX_FRAMES)] | None = None
    hold_first: Seconds = 0.0
    hold_last: Seconds = 2.0
    holds: Annotated[Entries[HoldSpec], Field(max_length=limits.MAX_HOLDS)] = ()
    max_frames: Annotated[int, Field(ge=1, le=limits.MAX_FRAMES)] | None = None
    pace: Annotated[str, choice(_paces)] = "snapshots"
    easing: Annotated[str, choice(_easings)] = "linear"
    tween: bool | None = None
    align: Annotated[str, choice(_alignments)] = "snapshots"

    @model_validator(mode="after")
    def _two_of_three(self) -> Self:
        from epochreel.render.rate import settle_rate

        try:
            frames, fps = settle_rate(self.frames, self.fps, self.duration)
        except InvalidInputError as error:
            raise problem(str(error).removeprefix("timeline.duration: "), ("duration",)) from None
        # bounded before anything is planned; a frame a snapshot is bounded by the capture
        if frames is not None and min(frames, self.max_frames or frames) > limits.MAX_FRAMES:
            raise problem(
                f"must give at most {limits.MAX_FRAMES} frames, got {frames} at {fps} fps",
                ("duration",),
            )
        return self


class Scene(Spec):
    """One scene file, with its defaults filled in.

    Validating takes a context: ``{"stem": …}`` names the default output, ``{"folder": …}`` is where
    relative paths start. A document with a ``[sweep]`` is several scenes; a scene has none.
    """

    title: Title | None = None
    description: Description | None = None
    style: Annotated[str, choice(_styles)] = "dark"
    colormap: Annotated[str, choice(_colormaps)] = "Spectral"
    data: DataSpec = MoonsData()
    models: Annotated[SomeEntries[ModelSpec], Field(max_length=limits.MAX_MODELS)] = (ModelSpec(),)
    panels: Annotated[Entries[PanelSpec], Field(max_length=limits.MAX_PANELS)] = ()
    columns: Annotated[int, Field(ge=1, le=limits.MAX_PANELS)] | None = None
    layout: LayoutSpec | None = None
    captions: Annotated[Entries[CaptionSpec], Field(max_length=limits.MAX_CAPTIONS)] = ()
    timeline: TimelineSpec = TimelineSpec()
    outputs: Annotated[SomeEntries[OutputSpec], Field(max_length=limits.MAX_OUTPUTS)]
    sweep: SweepSpec | None = None

    @model_validator(mode="before")
    @classmethod
    def _name_the_film(cls, document: Any, info: ValidationInfo) -> Any:
        """Without outputs there is one, named after the scene file."""
        if isinstance(document, dict) and "outputs" not in document:
            stem = cast("dict[str, Any]", info.context or {}).get("stem", "film")
            outputs = ({"file": f"{stem}.mp4"},)
            return {**cast("dict[str, Any]", document), "outputs": outputs}
        return cast("Any", document)

    @model_validator(mode="after")
    def _models_have_names(self) -> Self:
        twice = unique_index(model.name for model in self.models)
        if twice:
            again, first = twice
            raise problem(
                f"must be unique, got {quoted(self.models[again].name)} "
                f"which is also the name of models[{first}]",
                ("models", again, "name"),
            )
        return self

    @model_validator(mode="after")
    def _panels_show_models(self) -> Self:
        names = tuple(model.name for model in self.models)
        for index, panel in enumerate(self.panels):
            try:
                panel.refuse_models(names)
            except PydanticCustomError as error:
                raise deeper(error, ("panels", index)) from None
        return self

    @model_validator(mode="after")
    def _columns_have_panels(self) -> Self:
        panels = len(self.shown)
        if self.columns is not None and self.columns > panels:
            raise problem(
                f"must be ≤ {panels}, the number of panels, got {self.columns}", ("columns",)
            )
        if self.layout is not None and self.columns is not None:
            raise problem("can't be given beside layout", ("columns",))
        if self.layout is not None and self.layout.panels != panels:
            raise problem(
                f"must have a letter for each of {count(panels, 'panel')}, "
                f"got {self.layout.panels}",
                ("layout", "areas"),
            )
        return self

    @model_validator(mode="after")
    def _captions_follow_models(self) -> Self:
        names = [model.name for model in self.models]
        for index, caption in enumerate(self.captions):
            if caption.model is not None and caption.model not in names:
                hint = did_you_mean(caption.model, names)
                raise problem(
                    f"must name one of the models {_listed(names)}, "
                    f"got {quoted(caption.model)}{hint}",
                    ("captions", index, "model"),
                )
        return self

    @model_validator(mode="after")
    def _outputs_differ(self) -> Self:
        keys = [collision_key(output.file) for output in self.outputs]
        twice = unique_index(keys)
        if twice:
            again, first = twice
            raise problem(
                f"must be unique (large and small letters count as the same), got "
                f"{quoted(self.outputs[again].file)} beside outputs[{first}]",
                ("outputs", again, "file"),
            )
        for index, key in enumerate(keys):
            for folder in map(str, PurePosixPath(key).parents):
                if folder in keys:
                    raise problem(
                        f"can't be in {quoted(folder)}, which is itself made by this scene",
                        ("outputs", index, "file"),
                    )
        return self

    @property
    def shown(self) -> tuple[PanelSpecBase, ...]:
        """The panels, each with its models' names; one for each model when the file has none."""
        if not self.panels:
            usual = FitSpec if self.data.regression else BoundarySpec
            return tuple(usual(model=model.name) for model in self.models)
        names = tuple(model.name for model in self.models)
        return tuple(panel.settled(names) for panel in self.panels)

    def measures_of(self, model: str) -> tuple[str, ...]:
        """Say what panels want recorded of a model beside loss and accuracy."""
        asked = {key for panel in self.shown if model in panel.shows for key in panel.recorded}
        return tuple(sorted(asked))

    @property
    def timed(self) -> bool:
        """Whether the seconds of its trainings are shown, so that nothing else may take any."""
        return any(panel.timed for panel in self.panels) or self.timeline.align == "seconds"


def _listed(names: list[str]) -> str:
    return ", ".join(quoted(name) for name in names)
