"""Figures: what they draw is what there is, nothing is cut or covered."""

from __future__ import annotations

import re
from itertools import combinations
from types import SimpleNamespace
from typing import Any

import matplotlib
import numpy as np
import pytest
from figure_samples import SIZES, draw, make_network, make_recording, subjects, texts
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure
from matplotlib.patches import Circle

from epochreel.nn import ParameterRecording, activation_curves, step_arrays
from epochreel.nn.errors import InvalidInputError
from epochreel.render import figures, load_style
from epochreel.render.figures.sheet import WIDTHS, abridge
from epochreel.render.figures.steps_of import steps_of


@pytest.fixture(scope="module")
def recording() -> ParameterRecording:
    return make_recording()


def test_every_figure_is_tested() -> None:
    assert list(subjects()) == list(figures.FIGURES)


def labelled(axes: Any, start: str) -> list[Any]:
    return [patch for patch in axes.patches if patch.get_label().startswith(start)]


def luminance(color: Any) -> float:
    """Relative luminance. Source: WCAG 2.2."""
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in to_rgb(color)]
    return float(np.dot(linear, (0.2126, 0.7152, 0.0722)))


# every figure


@pytest.mark.parametrize("name", figures.FIGURES)
@pytest.mark.parametrize(
    ("width", "style"), [("column", "light"), ("slide", "dark"), ("blog", "light")]
)
def test_nothing_is_cut_covered_or_too_pale(name: str, width: str, style: str) -> None:
    axes = draw(name, width=width, style=style)
    figure = axes.figure
    renderer = figure.canvas.get_renderer()
    figure.canvas.draw()
    page = figure.bbox
    every = list(axes.texts)
    for inner in axes.child_axes:
        every += [
            tick.label1
            for axis in (inner.xaxis, inner.yaxis)
            for tick in axis.get_major_ticks()
            # what lies beyond the limits is there, but isn't drawn
            if min(axis.get_view_interval()) <= tick.get_loc() <= max(axis.get_view_interval())
        ]
    boxes = [(text.get_text(), text.get_window_extent(renderer)) for text in every]
    boxes = [(words, box) for words, box in boxes if box.width > 0]
    assert len(boxes) > 3 or name == "strip"
    for words, box in boxes:
        assert box.x0 >= 0, words
        assert box.y0 >= 0, words
        assert box.x1 <= page.x1, words
        assert box.y1 <= page.y1, words
    ground = luminance(figure.get_facecolor())
    for text in axes.texts:
        low, high = sorted((luminance(text.get_color()), ground))
        assert (high + 0.05) / (low + 0.05) >= 4.5, text.get_text()
    em = WIDTHS[width].em / 72 * figure.dpi
    for (one, a), (other, b) in combinations(boxes, 2):
        across = min(a.x1, b.x1) - max(a.x0, b.x0)
        down = min(a.y1, b.y1) - max(a.y0, b.y0)
        # ascents and descents are part of a box, also where no letter has any; a raised T belongs
        # to what it stands beside
        assert "T" in (one, other) or across <= 0.05 * em or down <= 0.4 * em, (one, other)


@pytest.mark.parametrize("name", figures.FIGURES)
def test_axes_that_are_given_are_drawn_on_and_given_back(name: str) -> None:
    figure = Figure(figsize=(9, 5), dpi=100)
    figure.set_facecolor("red")
    FigureCanvasAgg(figure)
    given = figure.add_subplot(1, 2, 2)
    before = given.get_position().bounds
    axes = draw(name, ax=given)
    assert axes is given
    assert axes.figure is figure
    assert figure.axes == [given]
    assert axes.get_position().bounds == before
    assert figure.get_facecolor()[:3] == to_rgb("red")
    box = given.get_window_extent()
    for text in axes.texts:
        place = text.get_window_extent(figure.canvas.get_renderer())
        assert box.x0 - 2 <= place.x0, text.get_text()
        assert place.x1 <= box.x1 + 2, text.get_text()


@pytest.mark.parametrize(("width", "across"), [("column", 1004), ("slide", 1920), ("blog", 720)])
def test_widths_are_as_promised(width: str, across: int) -> None:
    figure = draw("architecture", width=width).figure
    assert isinstance(figure, Figure)
    inches = figure.get_size_inches()
    assert inches[0] * figure.dpi == pytest.approx(across)
    if width == "slide":
        assert inches[1] * figure.dpi == pytest.approx(1080)
    if width == "column":
        assert inches[0] * 25.4 == pytest.approx(85, abs=0.05)


@pytest.mark.parametrize("name", figures.FIGURES)
def test_what_cannot_be_is_refused(name: str) -> None:
    with pytest.raises(InvalidInputError, match="width: must be one of 'column', 'slide', 'blog'"):
        draw(name, width="poster")
    with pytest.raises(InvalidInputError, match="style: must be one of 'dark', 'light'"):
        draw(name, style="drak")


# one by one


def test_wide_layers_are_abridged_and_labelled() -> None:
    axes = draw("architecture", feature_names=("X₁", "X₂"))
    for layer, size in enumerate(SIZES):
        units = [p for p in labelled(axes, f"layer {layer} of {size}") if isinstance(p, Circle)]
        assert len(units) == min(size, 7 if size > 8 else size)
    assert {"12 units", "9 units", "1 unit", "ReLU", "sigmoid", "X₁", "X₂"} <= set(texts(axes))
    lines = [line for line in axes.lines if len(line.get_xdata()) == 2]
    assert len(lines) == 2 * 7 + 7 * 7 + 7 * 1


@pytest.mark.parametrize(("count", "most"), [(3, 8), (8, 8), (9, 8), (100, 8), (5, 3)])
def test_abridged_things_keep_both_ends(count: int, most: int) -> None:
    shown = abridge(count, most)
    assert len(shown) <= most
    assert shown[0] == 0
    assert shown[-1] == count - 1
    assert (None in shown) == (count > most)


def test_rectangles_grow_with_the_root_of_their_sides() -> None:
    axes = draw("shapes")
    (w2,), (w1,) = labelled(axes, "W2 9×12"), labelled(axes, "W1 12×2")
    assert w2.get_height() / w2.get_width() == pytest.approx((9 / 12) ** 0.5)
    assert w1.get_height() / w2.get_width() == pytest.approx(1)
    assert {"W₂", "b₂", "108 + 9", "= 117"} <= set(texts(axes))


def test_the_blueprint_has_every_array_and_its_bytes() -> None:
    axes = draw("blueprint")
    assert {"A₁", "12×90", "W₂", "9×12", "∂W₂", "δ₂", "9×90", "Z₃", "1×90"} <= set(texts(axes))
    keys = {"X", "A1", "A2", "Z3", "loss"} | {
        f"{k}{i}" for k in ("W", "dW", "d") for i in (1, 2, 3)
    }
    assert keys <= {patch.get_label() for patch in axes.patches}
    memory = step_arrays(make_network(), samples=90).memory
    (parameters,) = labelled(axes, "memory parameters")
    (activations,) = labelled(axes, "memory activations")
    share = memory["activations"] / memory["parameters"]
    assert activations.get_width() / parameters.get_width() == pytest.approx(share)


def test_the_blueprint_lights_up_what_is_known() -> None:
    steps = steps_of(step_arrays(make_network(), samples=90), 9)
    heads = [step.head for step in steps]
    assert heads == [
        "A batch goes in", "Forward, layer 1", "Forward, layer 2", "Forward, layer 3", "Loss",
        "Backward, layer 3", "Backward, layer 2", "Backward, layer 1", "Update by SGD",
    ]  # fmt: skip
    assert steps[2].shapes == "9×90 = (9×12)(12×90) + 9"
    known: set[str] = {"W1", "W2", "W3", "b1", "b2", "b3"}
    for at, step in enumerate(steps):
        assert step.used <= known | {f"d{name}" for name in known if name[0] in "Wb"}
        known |= step.lit
        axes = draw("blueprint", at=at)
        assert step.head in texts(axes)
        for patch in axes.patches:
            key = patch.get_label()
            if key in {"X", "loss"} or re.fullmatch(r"(A|Z|W|d|dW)\d", key):
                lit = patch.get_edgecolor()[3] == 1.0
                assert lit == (key in known), (step.head, key)
    with pytest.raises(InvalidInputError, match="at: must be from 0 to 8, got 9"):
        draw("blueprint", at=9)


def test_a_units_numbers_are_those_of_its_network(recording: ParameterRecording) -> None:
    point = [0.4, -0.3]
    axes = figures.unit(recording, layer=2, unit=4, point=point)
    w, b = recording.layers(len(recording) - 1)[1]
    first, second, _ = recording.activations(len(recording) - 1, np.array([point]))
    z = float(w[3] @ first[0] + b[3])
    assert float(second[0, 3]) == pytest.approx(max(z, 0), abs=1e-6)
    shown = [text.replace("\N{MINUS SIGN}", "-") for text in texts(axes)]
    assert f"{z:.3f}" in shown
    assert f"{float(second[0, 3]):.3f}" in shown
    assert f"w₁ = {w[3, 0]:.3f}" in shown
    assert f"w₁₂ = {w[3, 11]:.3f}" in shown
    assert f"b = {b[3]:.3f}" in shown
    assert f"{first[0, 0]:.3f}" in shown


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"layer": 4}, "layer: must be from 1 to 3, got 4"),
        ({"layer": 1, "unit": 13}, "unit: must be from 1 to 12, got 13"),
        ({"point": [1.0]}, "point: must have 2 numbers, one for each input, got 1"),
    ],
)
def test_a_unit_that_is_not_there(options, words: str, recording: ParameterRecording) -> None:
    with pytest.raises(InvalidInputError, match=words):
        figures.unit(recording, **options)


def test_layer_steps_have_shapes_that_fit() -> None:
    axes = draw("layer_steps", layer=2)
    found = {patch.get_label() for patch in axes.patches}
    assert {"Z₂ 9×90", "W₂ 9×12", "A₁ 12×90", "b₂ 9×1", "A₂ 9×90", "W₃ᵀ 9×1", "δ₃ 1×90",
            "δ₂ 9×90", "∂W₂ 9×12", "A₁ᵀ 90×12", "∂b₂ 9×1"} == found  # fmt: skip
    assert "δ₃ 1×90" in {patch.get_label() for patch in draw("layer_steps", layer=3).patches}
    with pytest.raises(InvalidInputError, match="layer: must be from 1 to 3, got 0"):
        draw("layer_steps", layer=0)


def test_activations_are_drawn_as_they_are() -> None:
    axes = draw("activations")
    curves = activation_curves()
    assert len(axes.child_axes) == len(curves)
    limits = {inner.get_ylim() for inner in axes.child_axes}
    assert len(limits) == 1  # one scale
    for inner, curve in zip(axes.child_axes, curves.values(), strict=True):
        lines = {line.get_label(): line for line in inner.lines}
        np.testing.assert_array_equal(lines["f(z)"].get_ydata(), curve.f)
        np.testing.assert_array_equal(lines["f′(z)"].get_ydata(), curve.slope)
    with pytest.raises(InvalidInputError, match="curves: must have at least one"):
        figures.activations({})


def test_all_samples_are_drawn_in_their_place(recording: ParameterRecording) -> None:
    data = recording.dataset
    (inner,) = figures.dataset(data).child_axes
    points = {each.get_label(): each.get_offsets() for each in inner.collections}
    for split, x, y in (
        ("training", data.x_train, data.y_train),
        ("test", data.x_test, data.y_test),
    ):
        for kind in (0, 1):
            np.testing.assert_allclose(points[f"{split} {kind}"], x[y == kind])


def test_curves_are_the_recordings_metrics(recording: ParameterRecording) -> None:
    axes = figures.curves({"One": recording, "Other": recording})
    loss, accuracy = axes.child_axes
    for inner, kind in ((loss, "loss"), (accuracy, "accuracy")):
        lines = {line.get_label(): line for line in inner.lines}
        for split in ("train", "test"):
            line = lines[f"Moons {split}"]
            np.testing.assert_array_equal(line.get_ydata(), recording.metrics[f"{split}_{kind}"])
            np.testing.assert_array_equal(line.get_xdata(), recording.epochs)
    assert loss.get_ylim()[0] == 0
    assert {"One", "Other", "loss", "accuracy", "epochs"} <= set(texts(axes))
    colors = {line.get_color() for line in loss.lines}
    assert len(colors) == 2
    with pytest.raises(InvalidInputError, match="recordings: must have at least one"):
        figures.curves({})


def test_a_strips_pictures_have_the_fields_colours(recording: ParameterRecording) -> None:
    axes = figures.strip(recording, snapshots=[0, 5, -1], columns=3)
    assert [text for text in texts(axes) if text.startswith("epoch")] == [
        "epoch 0", "epoch 5", "epoch 12",
    ]  # fmt: skip
    style, view = load_style("light"), recording.dataset.viewport
    for inner, snapshot in zip(axes.child_axes, (0, 5, 12), strict=True):
        pixels = inner.images[0].get_array()
        size = len(pixels)
        rows, columns = np.mgrid[20 : size - 20 : 40, 20 : size - 20 : 40].reshape(2, -1)
        x = view.x_min + columns / (size - 1) * view.width
        y = view.y_min + rows / (size - 1) * view.height
        p = 1 / (1 + np.exp(-recording.logits(snapshot, np.stack([x, y], 1))[:, 0].astype(float)))
        clear = np.abs(25 * p - np.rint(25 * p)) > 0.1  # not at an edge between two bands
        wanted = style.band_colors(25)[(25 * p).astype(int)]
        assert clear.sum() > 20
        np.testing.assert_array_equal(pixels[rows, columns][clear], wanted[clear])
    with pytest.raises(InvalidInputError, match="snapshots: must be from 0 to 12, got"):
        figures.strip(recording, snapshots=[13])
    with pytest.raises(InvalidInputError, match="moments: must be"):
        figures.strip(recording, moments=0)


def test_a_strip_goes_from_the_first_to_the_last_moment(recording: ParameterRecording) -> None:
    from epochreel.render.figures.reels import moments_of

    chosen = moments_of(recording, 5)
    assert chosen[0] == 0
    assert chosen[-1] == 12
    assert chosen == sorted(set(chosen))
    assert moments_of(recording, 1) == [12]
    assert moments_of(recording, 100) == sorted(set(moments_of(recording, 100)))


def test_bars_are_as_long_as_their_numbers() -> None:
    axes = draw("comparison")
    short, long = (labelled(axes, f"seconds {text}")[0].get_width() for text in ("2.000", "6.000"))
    assert long / short == pytest.approx(3)
    half, more = (labelled(axes, f"accuracy {text}")[0].get_width() for text in ("0.500", "0.600"))
    assert more / half == pytest.approx(1.2)
    assert {"NumPy Model", "Keras Model", "2.000", "test", "train"} <= set(texts(axes))
    empty = SimpleNamespace(rows=(), columns=(), note="")
    with pytest.raises(InvalidInputError, match="table: must have at least one row"):
        figures.comparison(empty)


def test_nothing_of_matplotlibs_settings_is_changed() -> None:
    before: Any = dict(matplotlib.rcParams)
    draw("curves", style="dark")
    assert dict(matplotlib.rcParams) == before
