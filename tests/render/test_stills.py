"""One moment as a picture: the right one, the same as in the film, and the same bytes again."""

from __future__ import annotations

import re
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg
from PIL import Image

from epochreel.nn.errors import InvalidInputError, OutputError
from epochreel.render import STILLS, BoundaryPanel, Caption, Film, Timeline, load_style, write_still
from epochreel.render.moments import moment_at
from epochreel.render.panels import EmptyPanel

SVG = "{http://www.w3.org/2000/svg}"


@pytest.fixture
def film(make_recording) -> Film:
    recordings = {"Disc": make_recording()}
    return Film(
        recordings,
        [BoundaryPanel("Disc")],
        size=(400, 300),
        style=load_style("dark"),
        timeline=Timeline.build(recordings, fps=10, hold_first_s=0.4, hold_last_s=1.0),
        captions=[Caption("It is a disc.", update=200, fade_s=0)],
    )


# 6 moments of 5, 1, 1, 1, 1 and 11 frames; updates 0, 50, … 250
@pytest.mark.parametrize(
    ("at", "update"),
    [
        ("first", 0),
        ("last", 250),
        ("0", 0),
        ("1", 250),
        ("0.3", 100),  # frame 6 of 0 … 19
        ("0.4s", 0),
        ("0.5s", 50),
        ("2s", 250),
        ("update:100", 100),
        ("update:101", 150),
        ("epoch:250", 250),
        ("accuracy >= 0", 0),
    ],
)
def test_the_moment_that_is_asked_for(film: Film, at: str, update: int, tmp_path: Path) -> None:
    index = moment_at(film, at)
    assert film.timeline.moments[index].snapshots["Disc"] * 50 == update
    path = tmp_path / "still.png"
    write_still(film, path, at=at)
    with Image.open(path) as image:
        np.testing.assert_array_equal(np.asarray(image), film.frame(index).pixels[:, :, :3])


@pytest.mark.parametrize(
    "at",
    [
        "",
        "middle",
        "1.5",
        "-1",
        "3 min",
        "update:",
        "1.2.3",
        "update:251",
        "epoch:300",
        "2.2s",
        "accuracy >= 1.5",
        "accuracy",
        "acuracy >= 0.5",
    ],
)
def test_other_moments_are_refused(film: Film, at: str, tmp_path: Path) -> None:
    with pytest.raises(InvalidInputError, match=rf"^at: must be .* got {re.escape(repr(at))}$"):
        write_still(film, tmp_path / "still.png", at=at)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("suffix", STILLS)
def test_bytes_repeat_and_nothing_else_is_left(film: Film, suffix: str, tmp_path: Path) -> None:
    for name in ("a", "b"):
        write_still(film, tmp_path / f"{name}{suffix}")
    a, b = (tmp_path / f"{name}{suffix}" for name in ("a", "b"))
    assert a.read_bytes() == b.read_bytes()
    write_still(film, b, at="first")
    assert a.read_bytes() != b.read_bytes()
    assert sorted(path.name for path in tmp_path.iterdir()) == [a.name, b.name]


def test_vectors_show_what_the_film_shows(film: Film) -> None:
    with film.style.context():
        agg = FigureCanvasAgg(film.artists(len(film) - 1))
        agg.draw()
        drawn = np.asarray(agg.buffer_rgba())[:, :, :3].astype(int)
    away = np.abs(drawn - film.frame(len(film) - 1).pixels[:, :, :3]).max(axis=2)
    assert away.mean() < 0.5
    assert (away > 60).mean() < 0.002  # digits may stand a fraction of a pixel aside


def test_svg_has_vectors_over_one_image_of_the_field(film: Film, tmp_path: Path) -> None:
    write_still(film, tmp_path / "still.svg")
    root = ElementTree.parse(tmp_path / "still.svg").getroot()
    (image,) = root.iter(f"{SVG}image")
    body = film.layout.slots[0].body
    size = int(image.attrib["width"]), int(image.attrib["height"])
    assert size == (body.width, body.height)  # before its transform: the frame's own resolution
    strokes = [path.get("style", "") for path in root.iter(f"{SVG}path")]
    assert sum("stroke-linecap: round" in style for style in strokes) == 2  # halo and core
    text = (tmp_path / "still.svg").read_text(encoding="utf-8")
    for words in ("It is a disc.", "Disc - It: ", "00250", "test accuracy"):
        assert f"<!-- {words.rstrip()}" in text  # Matplotlib notes the words beside their outlines
    assert "<dc:date>" not in text


def test_pdf_has_real_text(film: Film, tmp_path: Path) -> None:
    write_still(film, tmp_path / "still.pdf")
    content = (tmp_path / "still.pdf").read_bytes()
    assert content.startswith(b"%PDF-")
    assert b"/FontFile2" in content  # TrueType, embedded: text can be selected and searched
    assert b"IBMPlexSans" in content
    assert b"/CreationDate" not in content


def test_panels_that_only_paint_are_an_image(make_recording, tmp_path: Path) -> None:
    recordings = {"Disc": make_recording()}
    film = Film(
        recordings,
        [EmptyPanel(), BoundaryPanel("Disc")],
        size=(400, 300),
        style=load_style("light"),
        timeline=Timeline.build(recordings),
    )
    write_still(film, tmp_path / "still.svg")
    root = ElementTree.parse(tmp_path / "still.svg").getroot()
    assert len(list(root.iter(f"{SVG}image"))) == 2


def test_what_cannot_be_written_is_said(film: Film, tmp_path: Path) -> None:
    with pytest.raises(InvalidInputError, match="ending: must be one of '.png', '.svg', '.pdf'"):
        write_still(film, tmp_path / "still.jpg")
    with pytest.raises(OutputError, match="can't be written"):
        write_still(film, tmp_path / "nowhere" / "still.png")
