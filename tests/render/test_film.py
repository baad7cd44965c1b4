"""Frames before they are encoded: what they mean, pixel by pixel."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from scipy.ndimage import distance_transform_edt
from skimage.metrics import structural_similarity

from epochreel.nn.dataset import Dataset, Viewport
from epochreel.nn.errors import InvalidInputError
from epochreel.nn.recording import Recording
from epochreel.render import (
    STYLES,
    BoundaryPanel,
    Film,
    Timeline,
    load_style,
    write_film,
)
from epochreel.render.footer import pace_note
from epochreel.render.layout import Rect
from epochreel.render.panels import EmptyPanel
from epochreel.render.text import points


def film_of(
    recordings: dict[str, Recording],
    size: tuple[int, int] = (800, 600),
    style: str = "dark",
    title: str | None = "A disc",
    **options: object,
) -> Film:
    return Film(
        recordings,
        [BoundaryPanel(name, **options) for name in recordings],
        size=size,
        style=load_style(style),
        timeline=Timeline.build(recordings, fps=20, hold_last_s=0.5),
        title=title,
    )


def box(film: Film, pixels: np.ndarray, panel: int = 0) -> np.ndarray:
    rect = film.layout.slots[panel].body
    return pixels[rect.top : rect.bottom, rect.left : rect.right, :3]


def at(rect: Rect, viewport: Viewport, x: float, y: float) -> tuple[int, int]:
    """Row and column, inside the plot, of a place on the feature plane."""
    column = (x - viewport.x_min) / viewport.width * rect.width
    row = (viewport.y_max - y) / viewport.height * rect.height
    return int(row), int(column)


@pytest.mark.parametrize("style", STYLES)
def test_the_field_has_the_colour_of_the_model_s_own_probability(make_recording, style) -> None:
    recording = make_recording()
    film = film_of({"Disc": recording}, style=style, show_points="none")
    rect, viewport = film.layout.slots[0].body, recording.dataset.viewport
    rng = np.random.default_rng(3)
    places = rng.uniform([-1.45, -0.95], [2.45, 1.95], (300, 2))
    colors = load_style(style).band_colors(25)
    for index in (0, 2, 5):
        shown = box(film, film.frame(index).pixels)
        logit = recording.logits(index, places)[:, 0].astype(float)
        level = 25 / (1 + np.exp(-logit))
        clear = (np.abs(level - np.rint(level)) > 0.2) & (np.abs(logit) > 0.05 * (index + 0.02))
        on_grid = np.zeros(len(places), bool)
        if style == "light":  # the grid's lines are not the field
            on_grid = (np.abs(places - np.rint(places)) < 0.02).any(axis=1)
        checked = 0
        for place, band in zip(places[clear & ~on_grid], level[clear & ~on_grid], strict=True):
            np.testing.assert_array_equal(
                shown[at(rect, viewport, *place)], colors[min(int(band), 24)]
            )
            checked += 1
        assert checked > 20


def test_an_untrained_model_is_almost_one_colour(make_recording) -> None:
    film = film_of({"Disc": make_recording()}, show_points="none")
    shown = box(film, film.frame(0).pixels).reshape(-1, 3)
    middle = load_style("dark").band_colors(25)[12]
    assert (shown == middle).all(axis=1).mean() > 0.95


@pytest.mark.parametrize("style", STYLES)
def test_points_have_their_class_s_marker_where_they_belong(
    make_recording, dataset: Dataset, style: str
) -> None:
    film = film_of({"Disc": make_recording()}, style=style)
    shown = box(film, film.frame(5).pixels)
    rect = film.layout.slots[0].body
    colors = {0: set(), 1: set()}
    for place, label in zip(dataset.x_test, dataset.y_test, strict=True):
        alone = np.hypot(*(dataset.x_test - place).T)
        if np.sort(alone)[1] > 0.15:
            colors[int(label)].add(tuple(shown[at(rect, dataset.viewport, *place)].tolist()))
    assert [len(found) for found in colors.values()] == [1, 1]
    assert colors[0] != colors[1]


@pytest.mark.parametrize("which", ["test", "train", "none"])
def test_points_of_the_chosen_split(make_recording, dataset: Dataset, which: str) -> None:
    recordings = {"Disc": make_recording()}
    bare = film_of(recordings, show_points="none").frame(5).pixels
    film = film_of(recordings, show_points=which)
    changed = (box(film, film.frame(5).pixels) != box(film, bare)).any(axis=2)
    rect = film.layout.slots[0].body
    for x, expected in ((dataset.x_test, "test"), (dataset.x_train, "train")):
        marked = [changed[at(rect, dataset.viewport, *place)] for place in x]
        # a point of one split may lie under a marker of the other
        assert (np.mean(marked) > 0.95) == (which == expected)


def test_frames_do_not_depend_on_the_order_they_are_drawn_in(make_recording) -> None:
    recordings = {"Disc": make_recording()}
    film = film_of(recordings)
    forward = [frame.pixels.copy() for frame in film]
    for index in (4, 0, 5, 2):
        np.testing.assert_array_equal(film_of(recordings).frame(index).pixels, forward[index])
        np.testing.assert_array_equal(film.frame(index).pixels, forward[index])


def test_what_does_not_change_is_steady(make_recording) -> None:
    film = film_of({"One": make_recording("One"), "Two": make_recording("Two")}, style="light")
    frames = np.stack([frame.pixels.copy() for frame in film])
    moved = (frames != frames[0]).any(axis=(0, 3))
    for slot in film.layout.slots:
        body = slot.body
        moved[body.top : body.bottom, body.left : body.right] = False
        counter_and_numbers = moved[slot.cell.top : slot.cell.bottom, slot.cell.left :]
        counter_and_numbers[:, : slot.cell.width] = False
    assert not moved.any()


@pytest.mark.parametrize("style", STYLES)
@pytest.mark.parametrize("size", [(1600, 1200), (800, 600), (480, 360), (1920, 1080), (1080, 1080)])
@pytest.mark.parametrize("models", [1, 2, 4])
def test_nothing_reaches_into_the_margin(make_recording, style, size, models) -> None:
    recordings = {f"Model {k}": make_recording(f"Model {k}", 2) for k in range(models)}
    film = film_of(recordings, size=size, style=style)
    pixels = film.frame(1).pixels
    assert pixels.shape == (size[1], size[0], 4)
    margin = round(0.03 * min(size))
    inner = np.zeros(size[::-1], bool)
    inner[margin:-margin, margin:-margin] = True
    assert (pixels[~inner][:, :3] == load_style(style).ground).all()


def test_a_single_plot_is_the_hero(make_recording) -> None:
    for size in ((1600, 1200), (800, 600)):
        assert film_of({"Disc": make_recording()}, size=size).plot_share() >= 0.70


@pytest.mark.parametrize("size", [(16, 16), (33, 47), (3840, 2160), (2160, 3840), (640, 16)])
def test_any_allowed_size(make_recording, size: tuple[int, int]) -> None:
    pixels = film_of({"Disc": make_recording(snapshots=2)}, size=size).frame(1).pixels
    assert pixels.shape == (size[1], size[0], 4)
    assert len(np.unique(pixels.reshape(-1, 4), axis=0)) > 2


@pytest.mark.parametrize("size", [(15, 100), (100, 8), (3841, 2000), (2161, 2161)])
def test_other_sizes_are_refused(make_recording, size: tuple[int, int]) -> None:
    with pytest.raises(InvalidInputError, match=r"size: must be from 16×16 to 3840×2160 px, got"):
        film_of({"Disc": make_recording()}, size=size)


def test_panels_must_name_a_recording(make_recording) -> None:
    recordings = {"Disc": make_recording()}
    timeline = Timeline.build(recordings)
    style = load_style("dark")
    with pytest.raises(InvalidInputError, match=r"panels\.model: .*'Disc'.*got 'Disk'"):
        Film(
            recordings,
            [BoundaryPanel("Disk")],
            size=(80, 60),
            style=style,
            timeline=timeline,
        )
    with pytest.raises(InvalidInputError, match="at least one"):
        Film(recordings, [], size=(80, 60), style=style, timeline=timeline)


def test_an_empty_panel_leaves_the_ground(make_recording) -> None:
    recordings = {"Disc": make_recording()}
    film = Film(
        recordings,
        [EmptyPanel()],
        size=(160, 120),
        style=load_style("light"),
        timeline=Timeline.build(recordings),
    )
    plot = box(film, film.frame(0).pixels)
    assert (plot == load_style("light").ground).all()


def matplotlib_box(film: Film, recording: Recording, index: int, finer: int) -> np.ndarray:
    """Draw the plot of a frame the slow way: a fine grid, contourf and two contours."""
    rect, viewport = film.layout.slots[0].body, recording.dataset.viewport
    figure = Figure(figsize=(rect.width * finer / 64, rect.height * finer / 64), dpi=64)
    axes = figure.add_axes((0, 0, 1, 1))
    axes.set_axis_off()
    x = np.linspace(viewport.x_min, viewport.x_max, 900)
    y = np.linspace(viewport.y_min, viewport.y_max, 700)
    xx, yy = np.meshgrid(x, y)
    logit = recording.logits(index, np.column_stack([xx.ravel(), yy.ravel()])).reshape(xx.shape)
    axes.contourf(xx, yy, 1 / (1 + np.exp(-logit)), np.linspace(0, 1, 26), cmap="Spectral")
    style, line = load_style("dark"), points(film.layout.scale.line) * finer
    for width, color in ((4.8, style.halo), (2.2, style.isoline)):
        axes.contour(
            xx, yy, logit, [0.0], colors=[np.array(color) / 255], linewidths=[width * line]
        )
    canvas = FigureCanvasAgg(figure)
    canvas.draw()
    return np.asarray(canvas.buffer_rgba())[:, :, :3]


def test_field_and_line_are_where_matplotlib_draws_them(make_recording) -> None:
    recording = make_recording()
    film = film_of({"Disc": recording}, size=(800, 600), show_points="none")
    inside = np.s_[8:-8, 8:-8]  # without the spines
    shown = box(film, film.frame(5).pixels)[inside]
    # Six times finer, Agg's fill of pixel 2 (it is half a pixel off) is the middle of our pixel.
    sampled = matplotlib_box(film, recording, 5, finer=6)[2::6, 2::6][inside]
    dark, expected = shown.max(axis=2) < 60, sampled.max(axis=2) < 60
    assert dark.sum() > 500
    assert distance_transform_edt(~expected)[dark].max() <= 1.0
    assert distance_transform_edt(~dark)[expected].max() <= 1.0
    away = distance_transform_edt(~dark) > 4
    assert (shown[away] == sampled[away]).all(axis=1).mean() >= 0.99
    assert structural_similarity(shown, sampled, channel_axis=2) >= 0.985


def test_footer_says_what_a_frame_means(make_recording) -> None:
    def note(recordings, **options) -> str:
        return pace_note(recordings, Timeline.build(recordings, **options))

    one = {"One": make_recording("One")}
    two = {**one, "Two": make_recording("Two")}
    assert note(one) == note(two) == "each frame 50 updates"
    assert note({"One": make_recording("One", 1)}) == "each frame the whole training"
    assert note(one, max_frames=1) == "each frame the whole training"
    assert note(one, frames=11) == note(one, frames=11, pace="linear") == "each frame 25 updates"
    assert note(one, frames=4) == "each frame 50 to 100 updates"
    assert note(one, frames=4, tween=True) == "each frame about 83.3 updates"
    # 24 snapshots in 19, 8, 7 or 2 frames: every one, or every third or fourth, or the two ends
    long = {"One": make_recording("One", 24)}
    assert note(long, max_frames=19) == "each frame 50 to 100 updates"
    assert note(long, max_frames=8) == "each frame 150 to 200 updates"
    assert note(long, max_frames=7) == "each frame 150 to 200 updates"
    assert note(long, max_frames=2) == "each frame 1150 updates"
    assert (
        note({"One": make_recording("One", 201)}, max_frames=40) == "each frame about 256 updates"
    )
    # without tweening, most of these frames show the network of the frame before
    assert note(one, frames=20, tween=False) == "each frame 0 to 50 updates"
    assert note(one, pace="log") == "updates on a logarithmic scale"
    assert note(one, pace="even_change") == "each frame changes the field about equally"
    assert note({**one, "Two": make_recording("Two", 3)}) == "each frame 50 updates"
    for align, words in (
        ("updates", "update"),
        ("epochs", "epoch"),
        ("seconds", "second of training"),
    ):
        assert note(one, align=align) == "each frame 50 updates"
        assert note(two, align=align) == f"each frame 50 updates  ·  all at the same {words}"
    apart = {**one, "Two": make_recording("Two", 3)}
    assert note(apart, align="progress") == (
        "each frame: One 50 updates,  Two 20 updates  ·  all at the same share of their training"
    )


def test_writing_reports_every_frame_and_leaves_one_file(make_recording, tmp_path: Path) -> None:
    film = film_of({"Disc": make_recording()}, size=(160, 120))
    counted: list[int] = []
    write_film(film, tmp_path / "disc.gif", on_frame=counted.append)
    assert sum(counted) == film.frame_count == 16
    assert [path.name for path in tmp_path.iterdir()] == ["disc.gif"]


def test_cancelling_leaves_nothing(make_recording, tmp_path: Path) -> None:
    film = film_of({"Disc": make_recording()}, size=(160, 120))

    def stop(_: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        write_film(film, tmp_path / "disc.mp4", on_frame=stop)
    assert not list(tmp_path.iterdir())


def test_recordings_are_not_changed(make_recording) -> None:
    recording = make_recording()
    points = np.array([[0.0, 0.0], [1.0, 1.0]])
    before = recording.logits(3, points)
    list(film_of({"Disc": recording}, size=(64, 48)))
    np.testing.assert_array_equal(recording.logits(3, points), before)


def test_long_names_are_cut_not_clipped(dataset: Dataset, make_recording) -> None:
    name = "A model with a name that nobody would ever print on a slide, let alone read aloud"
    recordings = {name: make_recording(name), "B" * 60: make_recording("B" * 60)}
    film = film_of(recordings, title=name * 2, subtitle=name, style="light")
    pixels = film.frame(5).pixels
    for slot in film.layout.slots:
        beside = pixels[slot.cell.top : slot.body.top - 2, slot.body.right + 2 :]
        gap = beside[:, : round(film.layout.scale.small)]
        assert (gap[..., :3] == load_style("light").ground).all()
    last = film.layout.slots[-1].body.right + 3
    assert (pixels[:, last:, :3] == load_style("light").ground).all()


def test_long_feature_names_stay_beside_the_plot(dataset: Dataset, make_recording) -> None:
    named = replace(dataset, feature_names=("petal length in centimetres", "weight in kilograms"))
    recording = replace(make_recording(), dataset=named)
    for size in ((1600, 1200), (640, 480)):
        film = film_of({"Disc": recording}, size=size)
        pixels = film.frame(1).pixels
        margin = round(0.035 * min(size))
        assert (pixels[:, :margin, :3] == load_style("dark").ground).all()
        assert film.plot_share() > 0.6
