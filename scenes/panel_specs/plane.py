"""The ``plane`` of a panel: which flat picture is shown of data of many features."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated, Any, cast

from pydantic import BeforeValidator, Field

from epochreel.nn.errors import InvalidInputError
from epochreel.scenes.messages import Path, describe, did_you_mean
from epochreel.scenes.values import Spec, problem

if TYPE_CHECKING:
    from epochreel.nn.dataset import Dataset

__all__ = ["PlaneChoice", "PlaneSpec", "plane_option", "refuse_plane"]

Feature = Annotated[str, Field(min_length=1, max_length=200)]
Value = Annotated[float, Field(ge=-1e12, le=1e12)]


class PlaneSpec(Spec):
    """Two features that are shown, and values the others are held at."""

    x: Feature
    y: Feature
    at: Mapping[Feature, Value] = Field(default_factory=dict)


def _choice(value: Any) -> Any:
    if isinstance(value, PlaneSpec):
        return value
    if value == "pca":
        return None
    if isinstance(value, dict):
        return cast("dict[str, Any]", value)
    raise problem(
        f"must be 'pca' or {{ x = …, y = … }} with names of features, got {describe(value)}"
        f"{did_you_mean(value, ['pca'])}"
    )


PlaneChoice = Annotated[PlaneSpec | None, BeforeValidator(_choice)]
"""Two features; ``None``, or ``"pca"`` in a scene, is the plane of the principal components."""


def plane_option(spec: PlaneSpec | None) -> Any:
    """Give what a panel's class takes."""
    if spec is None:
        return None
    from epochreel.render.planes import TwoFeatures

    return TwoFeatures(spec.x, spec.y, dict(spec.at))


def refuse_plane(index: int, spec: PlaneSpec | None, dataset: Dataset) -> list[tuple[Path, str]]:
    """Say what of a plane isn't there in the data."""
    from epochreel.render.planes import plane_of

    try:
        plane_of(dataset, plane_option(spec))
    except InvalidInputError as error:
        key, _, text = str(error).partition(": ")
        return [(("panels", index, *key.split(".")), text)]
    return []
