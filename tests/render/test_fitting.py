"""Files of a bounded length fit, last as long, and say what was chosen, or that nothing fits."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from matplotlib.text import Text
from PIL import Image

from epochreel.nn.errors import InvalidInputError, RenderError
from epochreel.render import (
    BoundaryPanel,
    Caption,
    Film,
    Timeline,
    load_style,
    plan_timeline,
    write_film,
)
from epochreel.render.fitting import Fit, thin


@pytest.fixture(scope="module")
def film(make_recording) -> Film:
    recordings = {"Disc": make_recording(snapshots=16)}
    return Film(
        recordings,
        [BoundaryPanel("Disc")],
        size=(320, 240),
        style=load_style("dark"),
        timeline=Timeline.build(recordings, fps=20, hold_first_s=0.3, hold_last_s=0.5),
    )


@pytest.fixture(scope="module")
def whole_bytes(film: Film, tmp_path_factory: pytest.TempPathFactory) -> dict[str, int]:
    folder = tmp_path_factory.mktemp("whole")
    for suffix in (".gif", ".webp"):
        write_film(film, folder / f"film{suffix}")
    return {path.suffix: path.stat().st_size for path in folder.iterdir()}


def decoded(path: Path) -> tuple[tuple[int, int], float, int]:
    """Size, duration in seconds, number of colours of the first picture."""
    with Image.open(path) as image:
        colors = len(np.unique(np.asarray(image.convert("RGB")).reshape(-1, 3), axis=0))
        duration = 0
        for index in range(image.n_frames):
            image.seek(index)
            image.load()
            duration += image.info["duration"]
        return image.size, duration / 1000, colors


@pytest.mark.parametrize("suffix", [".gif", ".webp"])
@pytest.mark.parametrize("share", [0.7, 0.3])
def test_a_smaller_file_lasts_as_long(
    film: Film, whole_bytes: dict[str, int], tmp_path: Path, suffix: str, share: float
) -> None:
    path = tmp_path / f"film{suffix}"
    allowed = int(share * whole_bytes[suffix])
    fit = write_film(film, path, max_bytes=allowed)
    assert fit is not None
    assert fit.bytes == path.stat().st_size <= allowed
    size, duration_s, colors = decoded(path)
    assert size == fit.size_px
    assert duration_s == pytest.approx(film.duration_s, abs=0.011)
    assert colors <= (fit.colors or colors)
    assert (fit.size_px, fit.fps, fit.colors) != (film.size, film.fps, None)
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize("suffix", [".gif", ".webp"])
def test_what_fits_is_left_as_it_is(
    film: Film, whole_bytes: dict[str, int], tmp_path: Path, suffix: str
) -> None:
    plain, fitted = tmp_path / f"plain{suffix}", tmp_path / f"fitted{suffix}"
    write_film(film, plain)
    fit = write_film(film, fitted, max_bytes=whole_bytes[suffix])
    assert fit == Fit((320, 240), 20, None, whole_bytes[suffix], whole_bytes[suffix])
    assert fitted.read_bytes() == plain.read_bytes()


def test_what_was_chosen_is_said() -> None:
    fit = Fit((800, 600), 10, 64, 3_900_000, 5_000_000)
    assert str(fit) == "fits 5 MB: 3.9 MB at 800×600, 10 fps, 64 colours"


def test_what_can_not_fit_is_refused_and_an_older_file_stays(film: Film, tmp_path: Path) -> None:
    path = tmp_path / "film.gif"
    path.write_bytes(b"older")
    with pytest.raises(RenderError, match=r"^film\.gif: can't fit into 2 kB: .* need about [\d.]+"):
        write_film(film, path, max_bytes=2000)
    assert path.read_bytes() == b"older"
    assert list(tmp_path.iterdir()) == [path]


def test_progress_adds_up_to_the_film(
    film: Film, whole_bytes: dict[str, int], tmp_path: Path
) -> None:
    told: list[int] = []
    write_film(film, tmp_path / "a.gif", max_bytes=whole_bytes[".gif"] // 2, on_frame=told.append)
    assert sum(told) == film.frame_count
    assert min(told) >= 0


@pytest.mark.parametrize(
    ("name", "options", "words"),
    [
        ("a.mp4", {"max_bytes": 10_000}, r"^max_bytes: is for \.gif and \.webp, got a\.mp4"),
        ("a.gif", {"max_bytes": 0}, r"^max_bytes: must be a whole number ≥ 1, got 0"),
        ("a.gif", {"max_bytes": 10, "quality": "good"}, r"^quality: can't go with max_bytes"),
    ],
)
def test_wrong_use(film: Film, tmp_path: Path, name: str, options, words: str) -> None:
    with pytest.raises(InvalidInputError, match=words):
        write_film(film, tmp_path / name, **options)


CAPTIONS = (
    Caption("Halfway.", update=400, hold_s=1.0),
    Caption("Soon done.", time_s=1.5),
    Caption("Done.", event="loss stops falling", hold_s=0.5),
)


@pytest.mark.parametrize("captions", [(), CAPTIONS])
@pytest.mark.parametrize(
    ("step", "words"),
    [(1, "50 updates"), (2, "100 updates"), (3, "150 updates"), (6, "300 updates")],
)
def test_a_thinned_film_says_what_its_frames_mean(
    make_recording, captions: tuple[Caption, ...], step: int, words: str
) -> None:
    recordings = {"Disc": make_recording(snapshots=17)}  # 0, 50 … 800
    film = Film(
        recordings,
        [BoundaryPanel("Disc")],
        size=(640, 480),
        style=load_style("dark"),
        timeline=Timeline.build(recordings, fps=20, hold_first_s=0.3, hold_last_s=0.5),
        captions=captions,
    )
    thinned = film.variant(size=film.size, timeline=thin(film.plan, step))
    assert thinned.duration_s == pytest.approx(film.duration_s)
    with thinned.style.context():
        texts = [text.get_text() for text in thinned.artists(0).findobj(Text)]
    assert [text for text in texts if "each frame" in text] == [f"each frame {words}"]


@pytest.mark.parametrize("step", [1, 2, 3, 7, 50])
@pytest.mark.parametrize("count", [1, 2, 9, 10])
def test_thinning_keeps_time_and_both_ends(step: int, count: int) -> None:
    timeline = plan_timeline({"a": count}, fps=10, hold_first_s=0.5, hold_last_s=1)
    thinned = thin(timeline, step)
    assert thinned.duration_s == timeline.duration_s
    assert thinned.moments[0].snapshots == timeline.moments[0].snapshots
    assert thinned.moments[-1].snapshots == timeline.moments[-1].snapshots
    assert thinned.moments[-1].repeats == timeline.moments[-1].repeats
    assert [moment.index for moment in thinned.moments] == list(range(len(thinned.moments)))
    assert len(thinned.moments) <= count // step + 2
