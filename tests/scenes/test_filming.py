"""``epochreel film``: from recordings to films, with nothing trained and no framework there."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
from PIL import Image

from epochreel.nn import Network, Recorder, Viewport, load_recording, make_dataset
from epochreel.render import BoundaryPanel, Film, Timeline, load_style
from epochreel.scenes.filming import parse_viewport

DATA = make_dataset("moons", samples=60, noise=0.2, seed=1)
BOTH = {"data": (DATA.x_train, DATA.y_train), "test_data": (DATA.x_test, DATA.y_test)}


def record(
    path: Path,
    updates: range = range(0, 50, 10),
    sizes: tuple[int, ...] = (2, 4, 1),
    **options: Any,
) -> Path:
    """Record a network that turns as it goes on."""
    output = "sigmoid" if sizes[-1] == 1 else "softmax"
    net = Network(list(sizes), "tanh", output, rng=np.random.default_rng(1))
    net.flat[:] *= 10
    grid = options.pop("grid", False)
    reported = options.pop("reported", {})
    with Recorder(path, **options) as recorder:
        for update in updates:
            net.flat[:] *= 1.05
            what = (
                {"predict": net.predict}
                if grid
                else {"parameters": net.flat, "architecture": net.architecture}
            )
            recorder.capture(update, epoch=update / 10, **what, **reported)
    return path


def frames(path: Path) -> list[np.ndarray]:
    with av.open(str(path)) as container:
        return [frame.to_ndarray(format="rgb24") for frame in container.decode(video=0)]


def test_a_film_of_a_recording(cli: Callable[..., Any], tmp_path: Path) -> None:
    record(tmp_path / "run.reel", **BOTH)
    ran = cli("film", "run.reel", "-o", "run.mp4", "--size", "160x120", "--fps", "10")
    assert ran.code == 0, ran.err
    accuracy = load_recording(tmp_path / "run.reel").metrics["test_accuracy"][-1]
    assert ran.out.startswith("run.mp4  160×120 px  2.5 s  ")
    assert ran.out.endswith(f"  test accuracy {accuracy:.3f}\n")
    shown = frames(tmp_path / "run.mp4")
    assert (len(shown), shown[0].shape) == (25, (120, 160, 3))
    # the picture is what the recording says: drawn again here, from the file
    recording = load_recording(tmp_path / "run.reel")
    film = Film(
        {"Model": recording}, [BoundaryPanel("Model")], size=(160, 120), style=load_style("dark"),
        timeline=Timeline.build({"Model": recording}, fps=10),
    )  # fmt: skip
    for index in (0, 4):
        apart = np.abs(film.frame(index).pixels[:, :, :3].astype(float) - shown[index])
        assert apart.mean() < 6
    assert sorted(path.name for path in tmp_path.iterdir()) == ["run.mp4", "run.reel"]


def test_several_files_and_options(cli: Callable[..., Any], tmp_path: Path) -> None:
    record(tmp_path / "run.reel", **BOTH)
    ran = cli(
        "film", "run.reel", "-o", "films/a.gif", "-o", "b.mp4", "--size", "96x72", "--style",
        "light", "--duration", "1", "--title", "A title", "--viewport", "-1,1,-1,1", "--panel",
        "boundary", "-j", "1",
    )  # fmt: skip
    assert ran.code == 0, ran.err
    with Image.open(tmp_path / "films" / "a.gif") as image:
        assert image.size == (96, 72)
        assert min(image.convert("RGB").getpixel((0, 0))) > 200
    assert len(frames(tmp_path / "b.mp4")) == 60  # a second, and a hold of two


def test_several_recordings_side_by_side(cli: Callable[..., Any], tmp_path: Path) -> None:
    """At the same update: the shorter one stays on its last."""
    record(tmp_path / "one.reel", **BOTH)
    record(tmp_path / "two.reel", range(0, 30, 5), grid=True, resolution=(40, 30), **BOTH)
    ran = cli("film", "one.reel", "two.reel", "-o", "a.mp4", "--size", "400x200", "--fps", "5")
    assert ran.code == 0, ran.err
    assert "Model (one) " in ran.out
    assert "Model (two) " in ran.out
    shown = frames(tmp_path / "a.mp4")
    assert len(shown) == 6 + 10
    left = [frame[:, :200].astype(float) for frame in shown]
    right = [frame[:, 200:].astype(float) for frame in shown]
    assert np.abs(left[5] - left[4]).mean() > 2 * np.abs(right[5] - right[4]).mean()


def test_without_samples_there_are_no_points(cli: Callable[..., Any], tmp_path: Path) -> None:
    bare = record(tmp_path / "bare.reel", viewport=DATA.viewport)
    told = record(tmp_path / "told.reel", viewport=DATA.viewport, reported={"loss": 0.5})
    known = record(tmp_path / "known.reel", viewport=DATA.viewport, **BOTH)
    films = {}
    for path in (bare, told, known):
        ran = cli("film", path.name, "-o", f"{path.stem}.mp4", "--size", "400x300")
        assert ran.code == 0, ran.err
        assert ("accuracy" in ran.out) == (path is known)
        films[path.stem] = frames(tmp_path / f"{path.stem}.mp4")[0].astype(float)
    field = slice(60, 230), slice(60, 360)
    same = np.abs(films["bare"][field] - films["told"][field]).mean()
    assert np.abs(films["bare"][field] - films["known"][field]).mean() > 0.3 + 5 * same
    # what was reported stands in the corner
    corner = slice(0, 40), slice(250, 400)
    assert np.abs(films["bare"][corner] - films["told"][corner]).mean() > 2


def test_a_softmax_of_two_classes_has_a_boundary(tmp_path: Path) -> None:
    """It is where the two logits are equal."""
    two = load_recording(record(tmp_path / "two.reel", range(60), sizes=(2, 4, 2), **BOTH))
    last = len(two) - 1
    film = Film(
        {"m": two}, [BoundaryPanel("m", show_points="none")], size=(200, 150),
        style=load_style("dark"), timeline=Timeline.build({"m": two}),
    )  # fmt: skip
    body = film.layout.slots[0].body
    view = two.dataset.viewport
    x = view.x_min + (np.arange(body.width) + 0.5) / body.width * view.width
    y = view.y_max - (np.arange(body.height) + 0.5) / body.height * view.height
    points = np.stack(np.meshgrid(x, y), -1).reshape(-1, 2)
    logits = two.logits(last, points)
    p = 1 / (1 + np.exp(logits[:, 0] - logits[:, 1])).reshape(body.height, body.width)
    pixels = film.frame(last).pixels[body.top : body.bottom, body.left : body.right]
    # red below, blue above one half, by the usual colours, where it is clear
    warm = pixels[:, :, 0].astype(int) > pixels[:, :, 2]
    clear = np.abs(p - 0.5) > 0.35
    clear[:3] = clear[-3:] = clear[:, :3] = clear[:, -3:] = False
    assert clear.mean() > 0.1
    assert np.mean(warm[clear] == (p < 0.5)[clear]) > 0.97
    assert 0.05 < np.mean(warm[clear]) < 0.95


def test_a_grid_says_what_it_cannot_show(cli: Callable[..., Any], tmp_path: Path) -> None:
    options = {"viewport": (-1.0, 1.0, -1.0, 1.0), "grid": True, "resolution": (21, 11)}
    record(tmp_path / "a.reel", **options)
    ran = cli("film", "a.reel", "-o", "a.mp4", "--size", "120x90")
    assert (ran.code, "few for" in ran.err, "hatched" in ran.err) == (0, False, False)
    ran = cli("film", "a.reel", "-o", "a.mp4", "--size", "480x360")
    assert ran.code == 0
    assert "a.mp4: model 'Model': was captured on 20×10 points, few for " in ran.err
    ran = cli("film", "a.reel", "-o", "a.mp4", "--size", "120x90", "--viewport", "-1,2,-1,1")
    assert ran.code == 0
    assert "was captured for -1.1 ≤ x ≤ 1.1 and -1.1 ≤ y ≤ 1.1 only; it is hatched" in ran.err


@pytest.mark.parametrize("kind", ["network", "hidden_units", "weights"])
def test_panels_that_look_inside(kind: str, cli: Callable[..., Any], tmp_path: Path) -> None:
    """They film a network that is replayed, and refuse predictions alone in one line."""
    record(tmp_path / "net.reel", **BOTH)
    ran = cli("film", "net.reel", "-o", "a.mp4", "--size", "160x120", "--panel", kind)
    assert ran.code == 0, ran.err
    record(tmp_path / "grid.reel", grid=True, **BOTH)
    ran = cli("film", "grid.reel", "-o", "b.mp4", "--size", "160x120", "--panel", kind, "--jobs", 1)
    assert (ran.code, ran.out) == (2, "")
    lines = [line for line in ran.err.splitlines() if "needs the layers" in line]
    assert lines == [
        f"epochreel: panels: '{kind}' needs the layers of 'Model', which its recording doesn't have"
    ]
    assert not (tmp_path / "b.mp4").exists()


def test_a_long_recording_makes_a_film_of_600_frames(
    cli: Callable[..., Any], tmp_path: Path
) -> None:
    record(tmp_path / "a.reel", range(1000))
    ran = cli("film", "a.reel", "-o", "a.mp4", "--size", "32x24")
    assert ran.code == 0, ran.err
    assert " 32.0 s " in ran.out  # at 20 fps, and the hold
    ran = cli("film", "a.reel", "-o", "b.mp4", "--size", "32x24", "--preview")
    assert ran.out.startswith("b-preview.mp4")


def test_a_film_of_a_training_that_still_runs(cli: Callable[..., Any], tmp_path: Path) -> None:
    net = Network([2, 3, 1], rng=np.random.default_rng(1))
    recorder = Recorder(tmp_path / "a.reel", **BOTH)
    recorder.capture(0, parameters=net.flat, architecture=net.architecture)
    ran = cli("film", "a.reel", "-o", "a.mp4", "--size", "96x72")
    recorder.close()
    assert ran.code == 0, ran.err
    assert "test accuracy" in ran.out


@pytest.mark.parametrize("sizes", [(2, 4, 3), (3, 4, 1), (4, 4, 5)])
def test_more_classes_and_more_features_are_filmed(
    sizes: tuple[int, ...], cli: Callable[..., Any], tmp_path: Path
) -> None:
    rng = np.random.default_rng(0)
    data = rng.normal(size=(30, sizes[0])), np.arange(30) % max(2, sizes[-1])
    record(tmp_path / "run.reel", sizes=sizes, data=data)
    ran = cli("film", "run.reel", "-o", "run.mp4", "--size", "160x120")
    assert ran.code == 0, ran.err
    shown = frames(tmp_path / "run.mp4")
    assert (shown[0] != shown[-1]).any()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["no.reel"], "no.reel: can't be read: No such file or directory"),
        (["text.reel"], "text.reel: is not a recording of Epochreel"),
        (["line.reel"], "line.reel: can't be filmed: needs at least 2 features, got 1"),
        (["wide.reel"], "plane: 'pca' needs at least 3 training samples, got"),
        (["wide.reel", "--panel", "surface"], "panels: 'surface' needs data of 2 features, got 3"),
        (["many.reel"], "many.reel: can't be filmed: needs at most 10 classes, got 11"),
        (["a.reel", "./a.reel"], "reels: './a.reel' can't be told from another of the same name"),
        (["a.reel", "-o", "a.avi"], "output: must end in "),
        (["a.reel", "-o", "a.mp4", "-o", "A.mp4"], "output: must be unique"),
        (["a.reel", "--style", "drak"], "style: must be one of 'dark', 'light', got 'drak'"),
        (["a.reel", "--panel", "bondary"], "panel: must be "),
        (["a.reel", "--size", "9x9"], "size: must be like '1600x1200'"),
        (["a.reel", "--fps", "0"], "fps: must be ≥ 1"),
        (["a.reel", "--duration", "-1"], "duration: must be > 0"),
        (["a.reel", "--viewport", "1,2,3"], "viewport: must be like '-1.5,2.5,-1,2', least"),
        (["a.reel", "--viewport", "1,1,0,1"], "viewport: x_min must be less than x_max"),
        (["a.reel", "--title", "x" * 200], "title: must have at most 120 characters, got 200"),
    ],
)
def test_what_cannot_be_filmed(
    arguments: list[str], message: str, cli: Callable[..., Any], tmp_path: Path
) -> None:
    record(tmp_path / "a.reel")
    record(tmp_path / "wide.reel", sizes=(3, 4, 1))
    record(tmp_path / "line.reel", sizes=(1, 4, 1))
    record(tmp_path / "many.reel", sizes=(2, 4, 11))
    (tmp_path / "text.reel").write_text("text")
    before = sorted(tmp_path.iterdir())
    ran = cli("film", *arguments, *([] if "-o" in arguments else ["-o", "it.mp4"]))
    assert (ran.code, ran.out) == (2, "")
    assert ran.err.startswith(f"epochreel: {message}")
    assert ran.err.count("\n") == 1
    assert sorted(tmp_path.iterdir()) == before


def test_every_wrong_recording_is_told(cli: Callable[..., Any], tmp_path: Path) -> None:
    ran = cli("film", "one.reel", "two.reel", "-o", "it.mp4")
    assert (ran.code, ran.err.count("\n")) == (2, 2)


def test_a_viewport_in_words() -> None:
    assert parse_viewport("-1.5, 2.5,-1,2e0") == Viewport(-1.5, 2.5, -1, 2)


def test_no_framework_is_imported(shell: Callable[..., Any], tmp_path: Path) -> None:
    record(tmp_path / "a.reel")
    code = tmp_path / "sitecustomize.py"
    code.write_text("")
    ran = shell("film", "a.reel", "-o", "a.mp4", "--size", "32x24", check_code=0)
    assert "a.mp4" in ran.out
    assert not {"keras", "torch", "jax", "lightning"} & set(sys.modules)


def test_what_nobody_foresaw_is_logged(
    cli: Callable[..., Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(film: Any, path: Path, **options: Any) -> None:
        raise ZeroDivisionError

    record(tmp_path / "run.reel", **BOTH)
    monkeypatch.setattr("epochreel.render.output.write_film", fail)
    ran = cli("film", "run.reel", "-o", "films/run.mp4", "--size", "160x120", "--jobs", 1)
    assert (ran.code, ran.out) == (1, "")
    said = ran.err.splitlines()[-1]
    assert said.endswith(": unexpected ZeroDivisionError; see films/logs/run.log")
    log = (tmp_path / "films" / "logs" / "run.log").read_text("utf-8")
    assert "Traceback (most recent call last):" in log


@pytest.mark.parametrize("kind", ["landscape", "representation"])
def test_panels_that_look_inside_need_a_network(
    kind: str, cli: Callable[..., Any], tmp_path: Path
) -> None:
    record(tmp_path / "a.reel")
    ran = cli("film", "a.reel", "-o", "a.mp4", "--panel", kind)
    assert (ran.code, len(ran.err.splitlines())) == (2, 1)
    assert "which the recording of 'Model' doesn't have" in ran.err
    grid = {"grid": True, "viewport": (-1.0, 1.0, -1.0, 1.0), "resolution": (21, 11)}
    record(tmp_path / "b.reel", **grid, **BOTH)
    ran = cli("film", "b.reel", "-o", "b.mp4", "--panel", kind)
    assert (ran.code, len(ran.err.splitlines())) == (2, 1)
    assert f"panels: '{kind}' needs the layers of 'Model', which its recording" in ran.err
    assert not list(tmp_path.glob("*.mp4"))
    record(tmp_path / "c.reel", **BOTH)
    assert cli("film", "c.reel", "-o", "c.mp4", "--size", "160x120", "--panel", kind).code == 0


def test_networks_of_two_shapes_have_no_landscape(cli: Callable[..., Any], tmp_path: Path) -> None:
    record(tmp_path / "a.reel", **BOTH)
    record(tmp_path / "b.reel", sizes=(2, 5, 1), **BOTH)
    ran = cli("film", "a.reel", "b.reel", "-o", "a.mp4", "--panel", "landscape")
    assert (ran.code, len(ran.err.splitlines())) == (2, 1)
    assert "'landscape' needs models of one architecture" in ran.err
