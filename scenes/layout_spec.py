"""The ``[layout]`` table: where panels stand on the frame."""

from __future__ import annotations

from typing import Annotated, Self

from pydantic import Field, model_validator

from epochreel.nn.errors import InvalidInputError
from epochreel.scenes import limits
from epochreel.scenes.values import Entries, SomeEntries, Spec, problem

__all__ = ["LayoutSpec"]

Line = Annotated[str, Field(max_length=limits.MAX_NAME)]
Weight = Annotated[float, Field(gt=0, le=100)]


class LayoutSpec(Spec):
    """The ``[layout]`` table: a drawing of the frame, a letter for each panel."""

    areas: Annotated[SomeEntries[Line], Field(max_length=limits.MAX_PANELS)]
    row_weights: Entries[Weight] | None = None
    column_weights: Entries[Weight] | None = None

    @model_validator(mode="after")
    def _is_a_drawing(self) -> Self:
        from epochreel.render.areas import Arrangement

        try:
            Arrangement.of_areas(
                self.areas, row_weights=self.row_weights, column_weights=self.column_weights
            )
        except InvalidInputError as error:
            key, _, text = str(error).partition(": ")
            raise problem(text, (key.partition("[")[0],)) from None
        return self

    @property
    def panels(self) -> int:
        """How many panels it has room for."""
        return len({cell for line in self.areas for cell in line.split()} - {"."})
