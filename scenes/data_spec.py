"""The ``[data]`` table: one schema per kind of data."""

from __future__ import annotations

import os
import stat
from pathlib import Path
from typing import Annotated, Any, Literal, TypeAlias, Union, cast

from pydantic import Discriminator, Field, Strict, Tag, ValidationInfo, field_validator

from epochreel.scenes import limits
from epochreel.scenes.messages import describe, did_you_mean
from epochreel.scenes.values import Seed, Spec, choice, numbers, problem

__all__ = ["DATA_KINDS", "CsvData", "DataSpec", "GeneratedData", "MoonsData"]

TASKS = ("classification", "regression")

Coordinate = Annotated[float, Field(ge=-1e12, le=1e12)]
Viewport = Annotated[
    tuple[Coordinate, Coordinate, Coordinate, Coordinate],
    Strict(False),
    numbers("[x_min, x_max, y_min, y_max]", 4),
]

Classes = Annotated[int, Field(ge=2, le=limits.MAX_CLASSES)]


EXPECTED_SAMPLES = 1000


class AnyData(Spec):
    """Keys that all kinds of data share."""

    test_fraction: float = Field(default=0.1, ge=0, le=0.9)
    split_seed: Seed = 42
    viewport: Viewport | None = None
    standardize: bool = False

    @property
    def expected_samples(self) -> int:
        """How many samples there are, or may be, before anybody has counted."""
        return EXPECTED_SAMPLES

    @property
    def regression(self) -> bool:
        """Whether a number is to be predicted, not a class."""
        return False

    @field_validator("viewport")
    @classmethod
    def _has_an_area(cls, value: Viewport | None) -> Viewport | None:
        if value is not None:
            for axis, low, high in (("x", *value[:2]), ("y", *value[2:])):
                if not low < high:
                    raise problem(
                        f"{axis}_min must be less than {axis}_max, got {low:g} and {high:g}"
                    )
        return value


class GeneratedData(AnyData):
    """Keys of all data that is drawn from a seed."""

    samples: int = Field(default=1000, ge=10, le=limits.MAX_SAMPLES)
    noise: float = Field(default=0.1, ge=0, le=100)
    seed: Seed = 100

    @property
    def expected_samples(self) -> int:
        """As many as are drawn."""
        return self.samples


class MoonsData(GeneratedData):
    """Two half moons; the defaults are the published ones."""

    kind: Literal["moons"] = "moons"
    noise: float = Field(default=0.2, ge=0, le=100)


class CirclesData(GeneratedData):
    """A circle inside another."""

    kind: Literal["circles"] = "circles"


class BlobsData(GeneratedData):
    """A cloud for each class; the noise is their standard deviation."""

    kind: Literal["blobs"] = "blobs"
    noise: float = Field(default=1.0, ge=0, le=100)
    classes: Classes = 2


class XorData(GeneratedData):
    """Four quadrants, opposite ones alike."""

    kind: Literal["xor"] = "xor"


class SpiralsData(GeneratedData):
    """A spiral arm for each class."""

    kind: Literal["spirals"] = "spirals"
    classes: Classes = 2


class IrisData(AnyData):
    """Four lengths of 150 irises of three species."""

    kind: Literal["iris"] = "iris"
    test_fraction: float = Field(default=0.2, ge=0, le=0.9)
    standardize: bool = True

    @property
    def expected_samples(self) -> int:
        """As many as were measured."""
        return 150


class SineData(GeneratedData):
    """A sine and noise: a regression."""

    kind: Literal["sine"] = "sine"
    samples: int = Field(default=200, ge=10, le=limits.MAX_SAMPLES)
    noise: float = Field(default=0.2, ge=0, le=100)

    @property
    def regression(self) -> bool:
        """It is one."""
        return True


class CsvData(AnyData):
    """A file of two or more numeric columns and a label; of a regression, of x and y."""

    kind: Literal["csv"] = "csv"
    task: Annotated[str, choice(lambda: TASKS)] = "classification"
    path: Annotated[str, Field(min_length=1, max_length=1000)]
    label: Annotated[str, Field(min_length=1, max_length=200)] | None = None
    header: bool | None = None
    standardize: bool = True  # columns come in any unit; the ready-made kinds don't need it

    @property
    def regression(self) -> bool:
        """Whether its label is a number to predict."""
        return self.task == "regression"

    @field_validator("path")
    @classmethod
    def _is_a_file(cls, value: str, info: ValidationInfo) -> str:
        context = cast("dict[str, Any]", info.context or {})
        path = Path(context.get("folder", ""), value)
        try:
            status = path.stat()
        except (OSError, ValueError):  # ValueError: a NUL in the name
            raise problem(f"no such file, got {describe(value)}{_nearest_file(path)}") from None
        # a pipe or a device would make the program wait, or read without end
        if not stat.S_ISREG(status.st_mode):
            raise problem(f"must be a file, got {describe(value)}")
        if status.st_size > limits.MAX_CSV_BYTES:
            raise problem(
                f"must be a file of at most {limits.MAX_CSV_BYTES // 10**6} MB, "
                f"got {status.st_size / 10**6:.0f} MB"
            )
        if not os.access(path, os.R_OK):
            raise problem(f"can't be read (permission denied), got {describe(value)}")
        return str(path.absolute())


def _nearest_file(path: Path) -> str:
    try:
        names = [entry.name for entry in path.parent.iterdir()]
    except (OSError, ValueError):
        return ""
    return did_you_mean(path.name, names)


DATA_KINDS = {
    "moons": MoonsData,
    "circles": CirclesData,
    "blobs": BlobsData,
    "xor": XorData,
    "spirals": SpiralsData,
    "iris": IrisData,
    "sine": SineData,
    "csv": CsvData,
}
"""The schema of each kind; a new kind also needs a line in :data:`DataSpec`."""


def _tag(value: Any) -> str | None:
    if isinstance(value, dict):
        kind = cast("dict[str, Any]", value).get("kind", "moons")
        return f"<{kind}>" if isinstance(kind, str) else None
    kind = getattr(value, "kind", None) if isinstance(value, AnyData) else None
    return None if kind is None else f"<{kind}>"


DataSpec: TypeAlias = Annotated[
    Union[  # noqa: UP007 -- ``|`` can't hold annotations as pydantic reads them
        Annotated[MoonsData, Tag("<moons>")],
        Annotated[CirclesData, Tag("<circles>")],
        Annotated[BlobsData, Tag("<blobs>")],
        Annotated[XorData, Tag("<xor>")],
        Annotated[SpiralsData, Tag("<spirals>")],
        Annotated[IrisData, Tag("<iris>")],
        Annotated[SineData, Tag("<sine>")],
        Annotated[CsvData, Tag("<csv>")],
    ],
    Discriminator(_tag),
]
"""Any kind; the brackets keep tags apart from keys in pydantic's paths."""
