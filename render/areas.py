"""Where panels stand: a grid of weighted rows and columns, and spans over several of its cells."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from epochreel.nn.errors import InvalidInputError

__all__ = ["CORNERS", "Arrangement", "Corner", "Inset", "Place"]

Corner = Literal["upper left", "upper right", "lower left", "lower right"]

CORNERS: tuple[Corner, ...] = ("upper left", "upper right", "lower left", "lower right")

_LARGEST_SHARE = 0.9


@dataclass(frozen=True)
class Place:
    """Which cells of the grid a panel takes, counted from 0."""

    row: int
    column: int
    rows: int = 1
    columns: int = 1


@dataclass(frozen=True)
class Inset:
    """Where a panel stands on another one.

    Attributes
    ----------
    host : int
        Which panel it stands on, from 0.
    corner : str
        One of :data:`CORNERS`.
    width, height : float
        Shares of the host's plot.

    Raises
    ------
    InvalidInputError
    """

    host: int
    corner: Corner = "upper right"
    width: float = 0.35
    height: float = 0.35

    def __post_init__(self) -> None:
        """Check corner and shares."""
        if self.corner not in CORNERS:
            allowed = ", ".join(map(repr, CORNERS))
            raise InvalidInputError(f"corner: must be one of {allowed}, got {self.corner!r}")
        for name, share in (("width", self.width), ("height", self.height)):
            if not 0 < share <= _LARGEST_SHARE:
                raise InvalidInputError(
                    f"{name}: must be > 0 and ≤ {_LARGEST_SHARE}, got {share:g}"
                )


@dataclass(frozen=True)
class Arrangement:
    """A grid, and where each panel stands in it.

    Attributes
    ----------
    places : tuple of Place
        One for each panel, in their order.
    row_weights, column_weights : tuple of float
        Shares of the frame's height and width.
    insets : tuple of Inset
        Where the panels after those in the grid stand, on one of them each.
    """

    places: tuple[Place, ...]
    row_weights: tuple[float, ...]
    column_weights: tuple[float, ...]
    insets: tuple[Inset, ...] = ()

    def __post_init__(self) -> None:
        """Check that every inset has a panel to stand on."""
        for index, inset in enumerate(self.insets):
            if not 0 <= inset.host < len(self.places):
                raise InvalidInputError(
                    f"insets[{index}].on: must be one of {len(self.places)} panels of the areas, "
                    f"got {inset.host}"
                )

    @classmethod
    def of_areas(
        cls,
        areas: Sequence[str],
        *,
        row_weights: Sequence[float] | None = None,
        column_weights: Sequence[float] | None = None,
    ) -> Arrangement:
        """Read a drawing of the grid: a line for each row, a letter for each cell.

        Parameters
        ----------
        areas : sequence of str
            ``["A A B", "A A C"]``: the first panel is A, the second B, and so on; a dot is nothing.
        row_weights, column_weights : sequence of float, optional
            One for each; equal when left out.

        Raises
        ------
        InvalidInputError
            For rows of different lengths, letters that don't stand in a rectangle, letters left
            out, and weights that don't fit.
        """
        rows = [line.split() for line in areas]
        if not rows or not rows[0]:
            raise InvalidInputError("areas: must have at least one row with one letter, got none")
        for index, row in enumerate(rows):
            if len(row) != len(rows[0]):
                raise InvalidInputError(
                    f"areas[{index}]: must have {len(rows[0])} letters with spaces between, "
                    f"as the first row, got {len(row)}"
                )
        letters = sorted({cell for row in rows for cell in row} - {"."})
        for wanted, found in zip("ABCDEFGHIJKLMNOPQRSTUVWXYZ", letters, strict=False):
            if wanted != found:
                raise InvalidInputError(
                    f"areas: must name the panels A, B, C, … in their order, got {found!r} "
                    f"without {wanted!r}"
                )
        places = tuple(_place(letter, rows) for letter in letters)
        return cls(
            places,
            _weights("row_weights", row_weights, len(rows)),
            _weights("column_weights", column_weights, len(rows[0])),
        )

    @classmethod
    def regular(cls, panels: int, columns: int) -> Arrangement:
        """Make rows of equal cells; in a last row that isn't full, its last one takes the rest."""
        places = [Place(index // columns, index % columns) for index in range(panels)]
        last = places[-1]
        places[-1] = Place(last.row, last.column, 1, columns - last.column)
        return cls(tuple(places), (1.0,) * (last.row + 1), (1.0,) * columns)


def _place(letter: str, rows: Sequence[Sequence[str]]) -> Place:
    cells = [(r, c) for r, row in enumerate(rows) for c, cell in enumerate(row) if cell == letter]
    top, left = min(r for r, _ in cells), min(c for _, c in cells)
    bottom, right = max(r for r, _ in cells), max(c for _, c in cells)
    if len(cells) != (bottom - top + 1) * (right - left + 1):
        raise InvalidInputError(f"areas: the cells of {letter!r} must make a rectangle")
    return Place(top, left, bottom - top + 1, right - left + 1)


def _weights(name: str, given: Sequence[float] | None, count: int) -> tuple[float, ...]:
    if given is None:
        return (1.0,) * count
    if len(given) != count:
        raise InvalidInputError(f"{name}: must have {count} entries, got {len(given)}")
    for index, weight in enumerate(given):
        if not 0 < weight <= 100:
            raise InvalidInputError(f"{name}[{index}]: must be > 0 and ≤ 100, got {weight:g}")
    return tuple(given)
