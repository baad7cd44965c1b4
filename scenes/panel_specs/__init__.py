"""The ``[[panels]]`` tables: one schema per kind of panel, a file each, and a line in the table."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, TypeAlias, cast

from pydantic import GetCoreSchemaHandler
from pydantic_core import CoreSchema, core_schema

from epochreel.scenes.panel_specs.base import ManyModelsPanel, OneModelPanel, PanelSpecBase
from epochreel.scenes.panel_specs.boundary import BoundarySpec
from epochreel.scenes.panel_specs.confusion import ConfusionSpec
from epochreel.scenes.panel_specs.curves import CurvesSpec
from epochreel.scenes.panel_specs.fit import FitSpec
from epochreel.scenes.panel_specs.hidden_units import HiddenUnitsSpec
from epochreel.scenes.panel_specs.landscape import LandscapeSpec
from epochreel.scenes.panel_specs.network import NetworkSpec
from epochreel.scenes.panel_specs.representation import RepresentationSpec
from epochreel.scenes.panel_specs.scoreboard import ScoreboardSpec
from epochreel.scenes.panel_specs.surface import SurfaceSpec
from epochreel.scenes.panel_specs.weights import WeightsSpec

__all__ = [
    "PANEL_SPECS",
    "BoundarySpec",
    "FitSpec",
    "ManyModelsPanel",
    "OneModelPanel",
    "PanelSpec",
    "PanelSpecBase",
]

PANEL_SPECS: Mapping[str, type[PanelSpecBase]] = {
    "boundary": BoundarySpec,
    "confusion": ConfusionSpec,
    "scoreboard": ScoreboardSpec,
    "curves": CurvesSpec,
    "fit": FitSpec,
    "hidden_units": HiddenUnitsSpec,
    "network": NetworkSpec,
    "weights": WeightsSpec,
    "landscape": LandscapeSpec,
    "representation": RepresentationSpec,
    "surface": SurfaceSpec,
}
"""The schema of each kind of panel; :data:`epochreel.render.panels.PANELS` has what draws it."""


def _tag(value: Any) -> str | None:
    if isinstance(value, dict):
        kind = cast("dict[str, Any]", value).get("kind", "boundary")
        return f"<{kind}>" if isinstance(kind, str) else None
    return f"<{value.kind}>" if isinstance(value, PanelSpecBase) else None


class _AnyKind:
    """Tells pydantic to choose the schema by ``kind``.

    The brackets keep tags apart from keys in pydantic's paths.
    """

    def __get_pydantic_core_schema__(
        self, source: Any, handler: GetCoreSchemaHandler
    ) -> CoreSchema:
        choices = {f"<{kind}>": handler.generate_schema(spec) for kind, spec in PANEL_SPECS.items()}
        return core_schema.tagged_union_schema(choices, discriminator=_tag)


PanelSpec: TypeAlias = Annotated[PanelSpecBase, _AnyKind()]
"""Any kind."""
