"""Figures as files: text stays text, the font is in them, bytes repeat; the blueprint's film."""

from __future__ import annotations

import base64
import io
import re
from pathlib import Path
from xml.etree import ElementTree

import av
import numpy as np
import pytest
from figure_samples import draw, texts
from fontTools.ttLib import TTFont
from matplotlib.axes import Axes
from PIL import Image

from epochreel.nn import Network, step_arrays
from epochreel.nn.errors import InvalidInputError
from epochreel.render import load_style
from epochreel.render.figures.lighting import BlueprintFilm, write_blueprint
from epochreel.render.figures.saving import save_figure


@pytest.mark.parametrize("name", ["blueprint", "curves", "strip"])
@pytest.mark.parametrize("suffix", [".svg", ".pdf", ".png"])
def test_the_same_figure_gives_the_same_bytes(name: str, suffix: str, tmp_path: Path) -> None:
    style = load_style("light")
    for copy in "ab":
        with style.context():
            figure = draw(name, width="column").figure
        size = save_figure(figure, tmp_path / f"{copy}{suffix}", style)
    first, second = ((tmp_path / f"{copy}{suffix}").read_bytes() for copy in "ab")
    assert first == second
    if suffix == ".png":
        with Image.open(tmp_path / "a.png") as picture:
            assert picture.size == size


def test_an_svg_has_text_its_font_and_its_alt_text(tmp_path: Path) -> None:
    style = load_style("dark")
    axes = draw("unit", style="dark")
    save_figure(axes.figure, tmp_path / "a.svg", style, title="A unit", alt="Σ & < f")
    text = (tmp_path / "a.svg").read_text(encoding="utf-8")
    root = ElementTree.fromstring(text)
    svg = "{http://www.w3.org/2000/svg}"
    found = ["".join(each.itertext()).strip() for each in root.iter(f"{svg}text")]
    assert sorted(found) == sorted(texts(axes))
    assert root.findtext(f"{svg}title") == "A unit"
    assert root.findtext(f"{svg}desc") == "Σ & < f"
    assert "20" + "26-" not in text  # no date
    faces = re.findall(
        r"font-family:'IBM Plex Sans';font-weight:(\d+);src:url\(data:font/woff;base64,([^)]+)\)",
        text,
    )
    assert [weight for weight, _ in faces] == ["400", "600"]
    for _, data in faces:
        font = TTFont(io.BytesIO(base64.b64decode(data)))
        assert {ord(sign) for sign in "".join(found) if sign != "\n"} <= set(font.getBestCmap())
        assert len(data) < 20_000  # only the signs that are used


def test_a_pdf_has_its_fonts_in_it(tmp_path: Path) -> None:
    style = load_style("light")
    save_figure(draw("blueprint").figure, tmp_path / "a.pdf", style)
    content = (tmp_path / "a.pdf").read_bytes()
    assert b"IBMPlexSans-Regular" in content
    assert b"IBMPlexSans-SemiBold" in content
    assert content.count(b"/FontFile2") >= 2  # TrueType, as it is
    assert b"/Type3" not in content
    assert b"CreationDate" not in content


def test_an_ending_that_is_not_known(tmp_path: Path) -> None:
    with pytest.raises(InvalidInputError, match="ending"):
        save_figure(draw("unit").figure, tmp_path / "a.jpg", load_style("light"))
    assert not list(tmp_path.iterdir())


# the film


@pytest.fixture(scope="module")
def film() -> BlueprintFilm:
    network = Network([2, 3, 1], rng=np.random.default_rng(1))
    arrays = step_arrays(network, samples=90)
    return BlueprintFilm(arrays, width="blog", fps=10, step_s=0.4, fade_s=0.2, hold_s=0.5)


def test_the_film_has_each_step_and_fades_between_them(film: BlueprintFilm) -> None:
    frames = list(film)
    assert sum(frame.repeats for frame in frames) == film.frame_count == 7 * (2 + 2) + 5
    steps = [frame for frame in frames if frame.repeats > 1]
    assert len(steps) == len(film.steps) + 1
    assert len({frame.pixels.tobytes() for frame in steps}) == len(steps)
    assert all(frame.pixels.shape == (film.size[1], film.size[0], 4) for frame in frames)
    one, faded, _, other = (frame.pixels.astype(int) for frame in frames[:4])
    low, high = np.minimum(one, other), np.maximum(one, other)
    assert ((faded >= low - 1) & (faded <= high + 1)).all()
    assert (faded != one).any()
    assert (faded != other).any()


@pytest.mark.parametrize("suffix", [".mp4", ".gif"])
def test_the_film_is_written(suffix: str, film: BlueprintFilm, tmp_path: Path) -> None:
    told: list[int] = []
    path = tmp_path / f"a{suffix}"
    write_blueprint(film, path, on_frame=told.append)
    assert sum(told) == film.frame_count
    if suffix == ".gif":
        with Image.open(path) as picture:
            assert picture.size == film.size
            assert picture.n_frames > len(film.steps)
        return
    with av.open(str(path)) as container:
        stream = container.streams.video[0]
        assert stream.frames == film.frame_count
        assert stream.width == film.size[0]


def test_figures_of_ones_own_are_shown_by_a_notebook() -> None:
    axes = draw("architecture")
    assert isinstance(axes, Axes)
    for shown in (axes, axes.figure):
        with Image.open(io.BytesIO(shown._repr_png_())) as picture:
            assert picture.size[0] == 720
