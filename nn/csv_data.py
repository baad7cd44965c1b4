"""Samples from a CSV file, and what is wrong with it."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from io import StringIO
from math import isfinite
from pathlib import Path
from typing import NamedTuple

import numpy as np

from epochreel.nn.dataset import FloatArray, IntArray, Labels, Task
from epochreel.nn.errors import InvalidInputError, look_up, unknown_name

__all__ = ["Table", "read_csv"]

DELIMITERS = "\t;,"
LARGEST = 1e12
"""Greater numbers can't be told apart where float32 is used."""

MOST_CLASSES = 10
"""More can't be told apart by colour."""


class Table(NamedTuple):
    """Features, and the class of each sample; of a regression the number to predict."""

    name: str
    x: FloatArray  # (samples, features)
    y: Labels  # (samples,)
    feature_names: tuple[str, ...] | None  # None without a header
    class_names: tuple[str, ...]  # none of a regression
    label_name: str | None = None  # None without a header


Row = tuple[int, list[str]]
"""A line's number in the file, from 1, and its cells."""


_COLUMNS = {"classification": (3, "two features and a label"), "regression": (2, "x and y")}


def read_csv(
    path: str,
    *,
    label: str | None = None,
    header: bool | None = None,
    task: Task = "classification",
) -> Table:
    """Read numeric columns and a label column of two to ten classes; of a regression, x and y.

    Parameters
    ----------
    path : str
        UTF-8 text; cells are separated by tabs, semicolons or commas.
    label : str, optional
        Name of the label column; the last one by default. Labels are numbers or words.
    header : bool, optional
        Whether the first row names the columns; by default, whether it has no numbers beside the
        label.
    task : "classification" or "regression"

    Returns
    -------
    Table
        Classes are numbered in the order of their labels, as numbers where all are.

    Raises
    ------
    InvalidInputError
        For a file that isn't so; it names the file and the row.
    """
    columns, meaning = look_up("task", task, _COLUMNS)
    file = Path(path)
    rows = _rows(file)
    has_header = _has_header(file.name, rows, label) if header is None else header
    if label is not None and not has_header:
        raise InvalidInputError(
            f"label: must not be given for a file without a header, got {label!r}"
        )
    names = _column_names(file.name, rows[0]) if has_header else None
    data = rows[1:] if has_header else rows
    width = len(rows[0][1])
    for number, cells in data:
        if len(cells) != width:
            raise InvalidInputError(
                f"{file.name}, row {number}: must have {width} columns as the first row, "
                f"got {len(cells)}"
            )
    if width < columns or (task == "regression" and width > columns):
        least = "" if task == "regression" else "at least "
        raise InvalidInputError(
            f"{file.name}: must have {least}{columns} columns, {meaning}, got {width}: "
            + ", ".join(map(repr, rows[0][1]))
        )
    if not data:
        raise InvalidInputError(f"{file.name}: must have samples, got only a header")
    if label is not None and names is not None and label not in names:
        raise unknown_name("label", label, names)
    label_column = names.index(label) if names is not None and label is not None else width - 1
    features = [column for column in range(width) if column != label_column]
    titles = names or [f"column {column + 1}" for column in range(width)]
    x = np.array([[_number(file.name, row, column, titles) for column in features] for row in data])
    feature_names = tuple(names[column] for column in features) if names else None
    label_name = names[label_column] if names else None
    if task == "regression":
        y = np.array([_number(file.name, row, label_column, titles) for row in data])
        return Table(file.stem, x, y, feature_names, (), label_name)
    y, class_names = _classes(file.name, data, label_column)
    return Table(file.stem, x, y, feature_names, class_names, label_name)


def _rows(file: Path) -> list[Row]:
    """Read all rows that aren't blank."""
    try:
        text = file.read_text(encoding="utf-8-sig")
    except FileNotFoundError:
        raise InvalidInputError(f"path: must be a file, got no such file {str(file)!r}") from None
    except UnicodeDecodeError:
        raise InvalidInputError(f"{file.name}: must be UTF-8 text") from None
    except (OSError, ValueError) as err:
        reason = err.strerror if isinstance(err, OSError) and err.strerror else str(err)
        raise InvalidInputError(f"path: can't read {str(file)!r}: {reason}") from None
    first = next((line for line in StringIO(text, newline="") if line.strip()), "")
    # the greatest number of cells wins; semicolons over commas, which may be decimal ones
    delimiter = max(DELIMITERS, key=lambda mark: _cells(first, mark))
    reader = csv.reader(StringIO(text, newline=""), delimiter=delimiter, skipinitialspace=True)
    rows: list[Row] = []
    try:
        for cells in reader:
            stripped = [cell.strip() for cell in cells]
            if any(stripped):
                rows.append((reader.line_num, stripped))
    except csv.Error as err:
        raise InvalidInputError(f"{file.name}, row {reader.line_num}: {err}") from None
    if not rows:
        raise InvalidInputError(f"{file.name}: must have samples, got an empty file")
    return rows


def _cells(line: str, delimiter: str) -> int:
    return max(map(len, csv.reader([line], delimiter=delimiter)), default=0)


def _has_header(name: str, rows: Sequence[Row], label: str | None) -> bool:
    if label is not None:
        return True
    number, cells = rows[0]
    numeric = [_is_number(cell) for cell in cells[:-1]]
    if any(numeric) and not all(numeric):
        raise InvalidInputError(
            f"{name}, row {number}: must be all names or all numbers before the label, "
            f"got {', '.join(map(repr, cells))}"
        )
    return not any(numeric)


def _column_names(name: str, row: Row) -> list[str]:
    number, cells = row
    if "" in cells or len(set(cells)) < len(cells):
        raise InvalidInputError(
            f"{name}, row {number}: must name each column once, got {', '.join(map(repr, cells))}"
        )
    return cells


def _is_number(cell: str) -> bool:
    try:
        float(cell)
    except ValueError:
        return False
    return True


def _number(name: str, row: Row, column: int, titles: Sequence[str]) -> float:
    number, cells = row
    cell = cells[column]
    if not _is_number(cell):
        raise InvalidInputError(
            f"{name}, row {number}, {titles[column]}: must be a number, got {cell!r}"
        )
    value = float(cell)
    if not isfinite(value) or abs(value) > LARGEST:
        raise InvalidInputError(
            f"{name}, row {number}, {titles[column]}: must be finite and at most {LARGEST:g} in "
            f"size, got {cell!r}"
        )
    return value


def _classes(name: str, data: Sequence[Row], column: int) -> tuple[IntArray, tuple[str, ...]]:
    labels = [cells[column] for _, cells in data]
    for (number, _), label in zip(data, labels, strict=True):
        if not label or (_is_number(label) and not isfinite(float(label))):
            raise InvalidInputError(f"{name}, row {number}: must have a label, got {label!r}")
    values: list[str] | list[float] = labels
    if all(map(_is_number, labels)):
        values = [float(label) for label in labels]
    known, y = np.unique(np.array(values), return_inverse=True)
    if not 2 <= len(known) <= MOST_CLASSES:
        came = ", ".join(repr(value) for value in known.tolist()[:5])
        more = ", …" if len(known) > 5 else ""
        raise InvalidInputError(
            f"{name}: must have labels of 2 to {MOST_CLASSES} classes, "
            f"got {len(known)}: {came}{more}"
        )
    numeric = known.dtype.kind == "f"
    return y, tuple(f"class {value:g}" if numeric else str(value) for value in known.tolist())
