"""Bars as long as their numbers, each with its label, all of it on the picture."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from matplotlib.patches import Rectangle
from PIL import Image

from epochreel.nn.errors import InvalidInputError
from epochreel.render import STYLES, bars, load_style
from epochreel.render.bars import Bar, BarColumn, BarRow, write_bars

NAN = float("nan")


def column(*values: float, title: str = "seconds", full: float | None = None) -> BarColumn:
    shown = tuple((Bar(value, value, value, f"{value:.2f}"),) for value in values)
    return BarColumn(title, ("",), shown, full)


def two(*values: float) -> BarColumn:
    shown = tuple(
        (Bar(v, 0.9 * v, 1.2 * v, f"{v:.4f}"), Bar(v / 2, v / 2, v / 2, f"{v / 2:.4f}"))
        for v in values
    )
    return BarColumn("loss", ("test", "train"), shown)


def drawn(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, *columns: BarColumn, rows: int
) -> tuple[list[Rectangle], list[str]]:
    """Rectangles and texts of a figure, in pixels, as they are handed to the writer."""
    figures = []
    monkeypatch.setattr(bars, "write_figure", lambda figure, path: figures.append(figure))
    names = [BarRow(f"Model {index}", "7 parameters") for index in range(rows)]
    write_bars(tmp_path / "a.png", title="T", note="n", rows=names, columns=columns,
               style=load_style("dark"))  # fmt: skip
    (figure,) = figures
    found = [artist for artist in figure.artists if isinstance(artist, Rectangle)]
    return found, [text.get_text() for text in figure.texts]


def test_bars_are_as_long_as_their_numbers(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    rectangles, texts = drawn(monkeypatch, tmp_path, column(1.0, 4.0, 3.0), rows=3)
    widths = np.array([one.get_width() for one in rectangles])
    np.testing.assert_allclose(widths / widths[1], [0.25, 1.0, 0.75])
    assert {one.get_x() for one in rectangles} == {rectangles[0].get_x()}
    assert {"1.00", "4.00", "3.00", "Model 2", "seconds", "T", "n"} <= set(texts)
    half, _ = drawn(monkeypatch, tmp_path, column(1.0, 4.0, 3.0, full=8.0), rows=3)
    assert half[1].get_width() == pytest.approx(widths[1] / 2)


def test_what_is_no_number_has_a_label_and_no_bar(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    rectangles, texts = drawn(monkeypatch, tmp_path, column(NAN, 2.0), rows=2)
    assert len(rectangles) == 1
    assert "nan" in texts


@pytest.mark.parametrize("style", STYLES)
@pytest.mark.parametrize("count", [1, 4, 16])
def test_nothing_is_cut_and_no_two_columns_meet(style: str, count: int, tmp_path: Path) -> None:
    look = load_style(style)
    size = write_bars(
        tmp_path / "a.png",
        title="A title " * 30,
        note="a note " * 60,
        rows=[BarRow("a long name " * 5, "1 000 000 parameters, 10 000 000 updates")] * count,
        columns=[column(*[123.45] * count), two(*[0.5] * count), two(*[12345.0] * count)],
        style=look,
    )
    with Image.open(tmp_path / "a.png") as picture:
        assert picture.size == size
        pixels = np.asarray(picture.convert("RGB"))
    ink = (pixels != look.ground).any(axis=2)
    edge = 30
    ink[edge:-edge, edge:-edge] = False
    assert not ink.any()
    middle = (pixels != look.ground).any(axis=2)[230:-100]
    blank = ~middle.any(axis=0)
    gaps = np.flatnonzero(np.diff(np.concatenate([[0], blank.astype(int), [0]]))).reshape(-1, 2)
    wide = [end - start for start, end in gaps if end - start >= 20]
    assert len(wide) >= 5  # two margins, and one before each of three columns


@pytest.mark.parametrize("suffix", [".png", ".svg", ".pdf"])
def test_the_same_numbers_give_the_same_bytes(suffix: str, tmp_path: Path) -> None:
    for name in "ab":
        write_bars(tmp_path / f"{name}{suffix}", title="T", note="n", rows=[BarRow("A", "")],
                   columns=[two(0.5)], style=load_style("light"))  # fmt: skip
    first, second = ((tmp_path / f"{name}{suffix}").read_bytes() for name in "ab")
    assert first == second


def test_columns_have_a_bar_for_each_row(tmp_path: Path) -> None:
    with pytest.raises(InvalidInputError, match="columns: must have a bar .* of 2 rows"):
        write_bars(tmp_path / "a.png", title="T", note="n", rows=[BarRow("A", "")] * 2,
                   columns=[column(1.0)], style=load_style("dark"))  # fmt: skip
    with pytest.raises(InvalidInputError, match="ending"):
        write_bars(tmp_path / "a.jpg", title="T", note="n", rows=[BarRow("A", "")],
                   columns=[column(1.0)], style=load_style("dark"))  # fmt: skip
    assert not list(tmp_path.iterdir())
