"""The ``[layout]`` table: where panels stand on the frame."""

from __future__ import annotations

from typing import Annotated, Self

from pydantic import Field, model_validator

from epochreel.nn.errors import InvalidInputError
from epochreel.scenes import limits
from epochreel.scenes.messages import quoted
from epochreel.scenes.values import Entries, SomeEntries, Spec, choice, problem

__all__ = ["InsetSpec", "LayoutSpec"]

_LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"

Line = Annotated[str, Field(max_length=limits.MAX_NAME)]
Weight = Annotated[float, Field(gt=0, le=100)]


Share = Annotated[float, Field(gt=0, le=0.9)]


def _corners() -> tuple[str, ...]:
    from epochreel.render.areas import CORNERS

    return CORNERS


class InsetSpec(Spec):
    """An entry of ``layout.insets``: a panel on a part of another one."""

    panel: Annotated[str, Field(min_length=1, max_length=1)]
    on: Annotated[str, Field(min_length=1, max_length=1)] = "A"
    corner: Annotated[str, choice(_corners)] = "upper right"
    width: Share = 0.35
    height: Share = 0.35


class LayoutSpec(Spec):
    """The ``[layout]`` table: a drawing of the frame, a letter for each panel."""

    areas: Annotated[SomeEntries[Line], Field(max_length=limits.MAX_PANELS)]
    row_weights: Entries[Weight] | None = None
    column_weights: Entries[Weight] | None = None
    insets: Annotated[Entries[InsetSpec], Field(max_length=limits.MAX_PANELS)] = ()

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

    @model_validator(mode="after")
    def _insets_have_hosts(self) -> Self:
        letters = self.letters
        for index, inset in enumerate(self.insets):
            wanted = _LETTERS[len(letters) + index : len(letters) + index + 1]
            if inset.panel != wanted:
                text = f"must be {quoted(wanted)}, the letter after those before it"
                raise problem(f"{text}, got {quoted(inset.panel)}", ("insets", index, "panel"))
            if inset.on not in letters:
                named = ", ".join(map(quoted, letters))
                text = f"must be one of {named}, which the areas have, got {quoted(inset.on)}"
                raise problem(text, ("insets", index, "on"))
        return self

    @property
    def letters(self) -> list[str]:
        """Letters of the areas, which are those of the first panels."""
        return sorted({cell for line in self.areas for cell in line.split()} - {"."})

    @property
    def panels(self) -> int:
        """How many panels it has room for."""
        return len(self.letters) + len(self.insets)
