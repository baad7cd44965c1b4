"""Curves: their axes hold still, their lines are the metrics, their labels keep apart."""

from __future__ import annotations

import re
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from epochreel.nn.errors import InvalidInputError
from epochreel.render import Film, Timeline, load_style
from epochreel.render.panels.curve_lines import GrowingLine, value_scale
from epochreel.render.panels.curves import CurvesPanel
from epochreel.render.panels.head_labels import HeadLabels, label_tracks, spread
from epochreel.render.panels.plotting import Plot, Scale
from epochreel.render.style import TypeScale

STEPS = np.arange(101)
LOSS = 0.7 * np.exp(-STEPS / 30) + 0.05 * np.sin(STEPS / 3)


def film_of(recordings, size=(800, 600), style="dark", **options) -> Film:
    named = {each.name: each for each in recordings}
    return Film(
        named,
        [CurvesPanel(models=tuple(named), **options)],
        size=size,
        style=load_style(style),
        timeline=Timeline.build(named, fps=20),
        title="Curves",
    )


@pytest.fixture
def curve(make_recording):
    def make(name="Net", train=LOSS, test=None, **more):
        recording = make_recording(name, snapshots=len(train))
        metrics = {"train_loss": train, "train_accuracy": np.linspace(0.5, 1, len(train)), **more}
        if test is not None:
            metrics["test_loss"] = test
        return replace(recording, metrics=metrics)

    return make


# What range an axis takes


def test_a_spike_doesn_t_flatten_the_rest():
    spiked = LOSS.copy()
    spiked[60] = 40.0
    calm, cut = value_scale([LOSS], "loss", log=False)
    assert not cut
    assert (calm.low, calm.high) == (0.0, pytest.approx(1.04 * LOSS.max()))
    scale, cut = value_scale([spiked], "loss", log=False)
    assert cut
    assert LOSS.max() < scale.high < 2 * LOSS.max()


def test_the_start_of_a_curve_is_no_spike():
    falling = np.full(100, 0.01)
    falling[0] = 0.7
    scale, cut = value_scale([falling], "loss", log=False)
    assert not cut
    assert scale.high > 0.7


def test_a_loss_that_rises_at_the_end_is_shown():
    rising = np.linspace(0.2, 5, 100)
    scale, cut = value_scale([rising, LOSS], "loss", log=False)
    assert not cut
    assert scale.high > 5


@pytest.mark.parametrize(
    ("metric", "values", "log", "low", "high", "cut"),
    [
        ("accuracy", [0.5, 0.99], False, 0.48, 1.0, False),
        ("r2", [-30.0, 0.9], False, -1.0, 1.0, True),
        ("r2", [0.2, 0.9], False, 0.2, 1.0, False),
        ("learning_rate", [0.01, 0.01], False, 0.0, 0.0104, False),
        ("loss", [1.0, 1.0], False, 0.95, 2.0, False),
        ("loss", [np.nan, 0.0], True, 0.1, 1.0, False),
        ("loss", [0.0, 0.0], False, 0.0, 1.0, False),
        ("gradient_norm", [10.0, 0.0, 1e-30], True, 1e-11, 10.0, False),
    ],
)
def test_ranges(metric, values, log, low, high, cut):
    scale, was_cut = value_scale([np.array(values)], metric, log=log)
    assert was_cut == cut
    if metric == "gradient_norm":  # twelve decades are enough for anybody, and a little room
        assert scale.low == pytest.approx(1e-11, rel=0.8)
        assert scale.high >= high
    elif metric == "loss" and values[0] == 1.0:
        assert scale.low <= 1.0 < scale.high
    else:
        assert (scale.low, scale.high) == (pytest.approx(low), pytest.approx(high))


@settings(max_examples=200, deadline=None, database=None)
@given(
    st.lists(st.floats(0, 1e9), min_size=1, max_size=30),
    st.booleans(),
    st.sampled_from(["loss", "accuracy", "gradient_norm", "learning_rate", "r2"]),
)
def test_there_is_always_an_axis(values, log, metric):
    scale, _ = value_scale([np.array(values)], metric, log=log)
    assert scale.low < scale.high
    assert np.isfinite([scale.low, scale.high]).all()
    assert not log or scale.low > 0
    assert len(scale.labels()) == len(scale.ticks())


@pytest.mark.parametrize(
    ("low", "high", "expected"),
    [
        (1, 1000, ["1", "10", "100", "1000"]),
        (0.02, 3, ["0.03", "0.1", "0.3", "1", "3"]),
        (1e-9, 1, ["1e−9", "1e−7", "1e−5", "0.001", "0.1"]),
        (2, 9, ["2", "5"]),
        (1, 1e6, ["1", "100", "10000", "1e6"]),
    ],
)
def test_ticks_of_a_logarithmic_axis(low, high, expected):
    assert Scale(low, high, log=True).labels() == expected


# Lines that grow


def test_a_line_ends_where_the_training_is():
    places = np.column_stack([STEPS * 5.0, 200 - 100 * LOSS])
    line = GrowingLine.through(places)
    for snapshot in (0, 1, 41.5, 100):
        past = line.until(snapshot)
        expected = [np.interp(snapshot, STEPS, axis) for axis in places.T]
        np.testing.assert_allclose(past[-1], expected)
        np.testing.assert_array_equal(past[: int(snapshot)], places[: int(snapshot)])


def test_dashes_stay_where_they_are_while_the_line_grows():
    places = np.column_stack([STEPS * 5.0, 200 - 100 * LOSS])
    line = GrowingLine.through(places, dash_px=6.0)
    whole = line.until(100)
    gaps = np.isnan(whole[:, 0])
    assert 30 < gaps.sum() < 60
    for snapshot in (10, 33.3, 77):
        past = line.until(snapshot)
        np.testing.assert_array_equal(past[:-1], whole[: len(past) - 1])
        assert np.nanmax(past[:, 0]) <= 5 * snapshot + 1e-9
        assert np.nanmax(past[:, 0]) > 5 * snapshot - 7
    drawn = np.hypot(*np.diff(whole, axis=0).T)
    length = np.hypot(*np.diff(places, axis=0).T).sum()
    assert np.nansum(drawn) == pytest.approx(length / 2, abs=6)


def test_a_long_curve_keeps_its_peaks():
    values = np.random.default_rng(1).standard_normal(50_000)
    places = np.column_stack([np.linspace(0, 300, 50_000), values])
    line = GrowingLine.through(places)
    assert len(line.places) < 1500
    for column in (0, 100, 299):
        inside = places[np.floor(places[:, 0]) == column]
        kept = line.places[np.floor(line.places[:, 0]) == column]
        assert (kept[:, 1].min(), kept[:, 1].max()) == (inside[:, 1].min(), inside[:, 1].max())


def test_what_has_no_place_is_left_out():
    places = np.array([[0.0, np.nan], [1, 5], [2, np.nan], [3, 7]])
    line = GrowingLine.through(places)
    np.testing.assert_array_equal(line.until(3), [[1, 5], [3, 7]])
    np.testing.assert_array_equal(line.head(0), [1, 5])
    np.testing.assert_allclose(line.head(2), [2, 6])
    assert not len(line.until(0.5))
    nothing = GrowingLine.through(np.full((3, 2), np.nan), dash_px=4.0)
    assert nothing.head(1) is None
    assert not len(nothing.until(2))


# Labels


@settings(max_examples=200, deadline=None, database=None)
@given(st.lists(st.floats(-50, 350), min_size=1, max_size=8))
def test_labels_keep_apart_within_their_bounds_and_in_order(wanted):
    wanted = sorted(wanted)
    placed = np.array(spread(wanted, 20.0, 10.0, 290.0))
    assert (np.diff(placed) >= 20 - 1e-9).all()
    assert placed[0] >= 10 - 1e-9
    assert placed[-1] <= 290 + 1e-9
    apart = np.diff(wanted, prepend=-np.inf) >= 20
    if apart.all() and wanted[0] >= 10 and wanted[-1] <= 290:
        np.testing.assert_allclose(placed, wanted)


def test_labels_that_touch_stand_around_what_they_want():
    assert spread([100, 100, 100], 20, 0, 300) == pytest.approx([80, 100, 120])
    assert spread([100, 105], 20, 0, 300) == pytest.approx([92.5, 112.5])
    assert spread([0, 1], 20, 10, 300) == pytest.approx([10, 30])


def test_labels_glide_where_heads_cross():
    moments = np.arange(100)
    heads = np.column_stack([50 + moments, 150 - moments])  # they meet in the middle
    placed = label_tracks(heads.astype(float), 20.0, 10.0, 290.0)
    assert np.abs(np.diff(placed, axis=0)).max() < 8
    np.testing.assert_allclose(placed[[0, -1]], heads[[0, -1]])
    far = np.abs(np.diff(heads, axis=1)[:, 0]) > 40
    np.testing.assert_allclose(placed[far], heads[far])


def test_labels_of_equal_heads_don_t_flicker():
    noise = np.random.default_rng(1).normal(0, 1, (200, 2))
    placed = label_tracks(100 + noise, 20.0, 10.0, 290.0)
    order = np.sign(np.diff(placed, axis=1))
    assert (order == order[0]).all()
    assert (np.abs(np.diff(placed, axis=1)) > 15).all()


# The panel


def test_the_past_is_the_metric_in_the_axis_own_units(curve):
    recording = curve(test=LOSS + 0.1)
    film = film_of([recording], splits="train")
    index = 60
    with film.style.context():
        figure = film.artists(index)
    body = film.layout.slots[0].body
    lines = [line for axes in figure.axes for line in axes.lines]
    color = tuple(channel / 255 for channel in film.style.series_colors(1)[0])
    (past,) = [
        line
        for line in lines
        if np.allclose(
            line.get_color() if not isinstance(line.get_color(), str) else (0,) * 3, color
        )
        and len(line.get_xdata()) > 2
    ]
    x, y = past.get_data()
    assert len(x) == index + 1
    # straight in updates and in the loss: the axis is linear, begins at 0, and never moves
    slope = np.polyfit(recording.updates[: index + 1], x, 1)
    np.testing.assert_allclose(np.polyval(slope, recording.updates[: index + 1]), x, atol=1e-6)
    level = np.polyfit(LOSS[: index + 1], y, 1)
    np.testing.assert_allclose(np.polyval(level, LOSS[: index + 1]), y, atol=1e-6)
    assert 0 < np.polyval(level, 0) <= body.height
    assert 0 <= np.polyval(level, LOSS.max()) < 0.1 * body.height


@pytest.mark.parametrize("future", ["none", "faint"])
def test_the_future_is_hidden_or_hinted_at(curve, future):
    film = film_of([curve()], splits="train", future=future)
    body = film.layout.slots[0].body
    early, last = (film.frame(index).pixels.copy() for index in (30, len(film) - 1))
    full = np.array(film.style.series_colors(1)[0], int)

    def colored(pixels, tolerance):
        box = pixels[body.top : body.bottom, body.left : body.left + int(0.78 * body.width), :3]
        away = np.abs(box.astype(int) - full).max(axis=-1)
        return np.flatnonzero((away <= tolerance).any(axis=0))

    assert colored(early, 30).max() < 0.4 * body.width  # solid up to the head
    assert colored(last, 30).max() > 0.7 * body.width
    hint = early[body.top : body.bottom, body.left + body.width // 2 :, :3].astype(int)
    ground = np.array(film.style.ground)
    bluish = (hint[..., 2] - hint[..., 0] > 25 + ground[2] - ground[0]).any()
    assert bluish == (future == "faint")


def test_nothing_of_the_axes_changes_in_a_film(curve):
    film = film_of([curve("A"), curve("B", train=LOSS * 2)])
    body = film.layout.slots[0].body
    frames = [film.frame(index).pixels.copy() for index in (0, 50, len(film) - 1)]
    ticks = np.s_[body.bottom : body.bottom + 30, body.left :]
    beside = np.s_[body.top : body.bottom, : body.left]
    for part in (ticks, beside):
        assert (frames[0][part] == frames[1][part]).all()
        assert (frames[0][part] == frames[2][part]).all()


def test_labels_say_names_and_values(curve):
    film = film_of([curve("A", test=LOSS + 0.2), curve("B", train=LOSS * 2, test=LOSS * 3)])
    with film.style.context():
        figure = film.artists(40)
    words = {text.get_text() for axes in figure.axes for text in axes.texts}
    assert words == {"A", "B", f"{LOSS[40] + 0.2:.4f}", f"{3 * LOSS[40]:.4f}"}
    single = film_of([curve("A", test=LOSS + 0.2)])
    with single.style.context():
        words = {text.get_text() for axes in single.artists(0).axes for text in axes.texts}
    assert words == {"train", "test", f"{LOSS[0]:.4f}", f"{LOSS[0] + 0.2:.4f}"}


def test_many_labels_are_those_there_is_room_for():
    sizes = TypeScale.of_size((800, 600))
    named = [(number, f"M{number}") for number in range(16)]
    few = HeadLabels.of(named, "0.0000", 600, 100, sizes)
    assert list(few.names) == list(range(6))
    heads = [{number: 50.0 + number for number in range(16)} for _ in range(3)]
    rows = few.place(heads)
    assert (np.diff(rows, axis=1) >= 1.2 * sizes.small).all()
    assert rows.max() <= 100
    narrow = HeadLabels.of(named, "0.0000", 150, 100, sizes)
    assert not narrow.one_line
    assert len(narrow.names) == 3


@pytest.mark.parametrize("x", ["updates", "epochs", "seconds"])
@pytest.mark.parametrize("x_scale", ["linear", "log"])
def test_it_is_drawn_over(curve, x, x_scale):
    film = film_of([curve()], x=x, x_scale=x_scale, y_scale="log")
    assert film.frame(0).pixels.shape == (600, 800, 4)
    with film.style.context():
        written = [text.get_text() for text in film.artists(50).texts]
    assert x in written


def test_before_a_logarithmic_axis_begins_the_head_stands_at_its_own_value():
    places = np.array([[np.nan, 5.0], [10.0, 7.0], [20.0, 9.0]])
    line = GrowingLine.through(places)
    np.testing.assert_allclose(line.head(0), [10.0, 5.0])
    np.testing.assert_allclose(line.head(0.5), [10.0, 6.0])
    np.testing.assert_allclose(line.head(1.5), [15.0, 8.0])
    assert len(line.until(0.5)) == 0
    unknown = GrowingLine.through(np.array([[np.nan, np.nan], [10.0, 7.0]]))
    np.testing.assert_allclose(unknown.head(0), [10.0, 7.0])


def test_a_training_of_one_moment_has_an_axis_too(curve):
    film = film_of([curve(train=LOSS[:1])])
    assert film.frame(0).pixels.shape == (600, 800, 4)


def test_small_numbers_and_rates_are_written_in_full(curve):
    norm = np.geomspace(1, 1e-7, 101)
    film = film_of([curve(gradient_norm=norm)], metric="gradient_norm", y_scale="log")
    with film.style.context():
        (value,) = [
            text.get_text()
            for axes in film.artists(100).axes
            for text in axes.texts
            if text.get_text()
        ]
    assert value == "1.0e−07"
    film = film_of([curve(learning_rate=np.full(101, 0.003))], metric="learning_rate")
    with film.style.context():
        (value,) = [
            text.get_text()
            for axes in film.artists(9).axes
            for text in axes.texts
            if text.get_text()
        ]
    assert value == "0.00300"


def test_a_cut_is_said(curve):
    spiked = LOSS.copy()
    spiked[60] = 40.0
    film = film_of([curve(train=spiked)], splits="train")
    with film.style.context():
        written = " ".join(text.get_text() for text in film.artists(0).texts)
    assert re.search(r"cut off above 0\.\d+; training points", written)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"metric": "gradient_norm"}, "'curves' needs 'gradient_norm' of 'Net'"),
        ({"metric": "accuracy", "splits": "test"}, "'curves' needs 'test_accuracy' of 'Net'"),
        ({"metric": "lose"}, "metric: must be one of 'loss', .*did you mean 'loss'"),
    ],
)
def test_what_isn_t_there_is_refused(curve, options, message):
    with pytest.raises(InvalidInputError, match=message):
        _ = film_of([curve()], **options).layout


def test_plots_place_points_between_their_pads():
    from epochreel.render.layout import Rect

    plot = Plot(Rect(0, 0, 220, 120), Scale(0, 10), Scale(1, 100, log=True), pad=10, right=0)
    np.testing.assert_allclose(
        plot.places([0, 10, 5], [1, 100, 10]), [[10, 110], [210, 10], [110, 60]]
    )
    assert np.isnan(plot.y_px([-1.0])[0])
