"""A comparison of models for people: lines for a terminal, Markdown, a figure of bars."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from epochreel.nn.errors import OutputError
from epochreel.render.bars import Bar, BarColumn, BarRow, write_bars
from epochreel.render.style import Style
from epochreel.scenes.comparing import MEASURED, Comparison, ModelResult
from epochreel.scenes.messages import count

__all__ = ["BarTable", "bar_table", "markdown_table", "text_table", "write_comparison"]


def text_table(comparison: Comparison) -> list[str]:
    """Lay the table out for a terminal: medians, and beneath them lowest and highest."""
    heads = ["model", "parameters", *(MEASURED[key][0] for key in comparison.keys)]
    rows = [heads]
    for result in comparison.results:
        spreads = [(result.measured[key], MEASURED[key][1]) for key in comparison.keys]
        rows.append(
            [result.name, str(result.parameters), *(one.text(form) for one, form in spreads)]
        )
        ranges = [one.range_text(form) for one, form in spreads]
        if any(ranges):
            rows.append(["", "", *ranges])
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = [
        "  ".join([row[0].ljust(widths[0]), *map(str.rjust, row[1:], widths[1:])]).rstrip()
        for row in rows
    ]
    return [comparison.title, f"  {comparison.note}", *(f"  {line}" for line in lines)]


def markdown_table(comparison: Comparison) -> str:
    """Write the table in Markdown: medians, with lowest and highest in brackets."""
    heads = ["model", "parameters", *(MEASURED[key][0] for key in comparison.keys)]
    lines = [f"# {_escaped(comparison.title)}", "", f"{_escaped(comparison.note)}."]
    lines += ["", _row(heads), _row(["---", *["---:"] * (len(heads) - 1)])]
    for result in comparison.results:
        cells = [_escaped(result.name), str(result.parameters)]
        for key in comparison.keys:
            spread, form = result.measured[key], MEASURED[key][1]
            between = spread.range_text(form)
            cells.append(spread.text(form) + (f" ({between})" if between else ""))
        lines.append(_row(cells))
    return "\n".join(lines) + "\n"


def write_comparison(comparison: Comparison, path: Path, style: Style) -> None:
    """Write a comparison as a Markdown table or as a figure, whichever the file's ending says.

    Raises
    ------
    OutputError
        When the file can't be written.
    """
    if path.suffix.lower() != ".md":
        _draw(comparison, path, style)
        return
    try:
        path.write_text(markdown_table(comparison), encoding="utf-8")
    except OSError as error:
        raise OutputError(f"{path}: can't be written: {error.strerror}") from error


@dataclass(frozen=True)
class BarTable:
    """A comparison as bars: whose numbers, which, and how they came about."""

    title: str
    note: str
    rows: tuple[BarRow, ...]
    columns: tuple[BarColumn, ...]


def bar_table(comparison: Comparison) -> BarTable:
    """Choose seconds, accuracy (of a regression R²) and loss of each model for bars."""
    splits = [split for split in ("test", "train") if f"{split}_loss" in comparison.keys]
    score = "r2" if any(key.endswith("r2") for key in comparison.keys) else "accuracy"
    scored = [split for split in splits if f"{split}_{score}" in comparison.keys]

    def column(title: str, series: tuple[str, ...], keys: list[str]) -> BarColumn:
        return BarColumn(
            title,
            series,
            tuple(tuple(_bar(result, key) for key in keys) for result in comparison.results),
            1.0 if title in ("accuracy", "R²") else None,
        )

    note = comparison.note
    if comparison.repeat > 1:
        note += "; thin lines from lowest to highest"
    return BarTable(
        comparison.title,
        note,
        tuple(BarRow(result.name, _size(result)) for result in comparison.results),
        (
            column("seconds", ("",), ["seconds"]),
            column(
                "R²" if score == "r2" else score,
                tuple(scored),
                [f"{split}_{score}" for split in scored],
            ),
            column("loss", tuple(splits), [f"{split}_loss" for split in splits]),
        ),
    )


def _draw(comparison: Comparison, path: Path, style: Style) -> None:
    """Draw seconds, accuracy and loss of each model as bars."""
    table = bar_table(comparison)
    write_bars(
        path, title=table.title, note=table.note, rows=table.rows, columns=table.columns,
        style=style,
    )  # fmt: skip


def _bar(result: ModelResult, key: str) -> Bar:
    spread = result.measured[key]
    return Bar(spread.median, spread.lowest, spread.highest, spread.text(MEASURED[key][1]))


def _size(result: ModelResult) -> str:
    updates = round(result.measured["updates"].median)
    return f"{count(result.parameters, 'parameter')}, {count(updates, 'update')}"


def _row(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _escaped(text: str) -> str:
    """Keep what a user wrote from being read as Markdown."""
    return "".join(f"\\{char}" if char in r"\|*_`<>[]#" else char for char in text)
