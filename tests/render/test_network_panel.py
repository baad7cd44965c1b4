"""The network panel: which units, which lines, how wide and of what colour, and what is refused."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from inside import DATA, film_of, layerless, network, painted, recording, stills

from epochreel.nn.errors import InvalidInputError
from epochreel.render import COLORMAPS, STYLES, load_style
from epochreel.render.panels.hidden_units import HiddenUnitsPanel
from epochreel.render.panels.network import NetworkPanel
from epochreel.render.panels.signs import Signs, luminance
from epochreel.render.panels.units import choose_units, greatest, spread
from epochreel.render.panels.weights import WeightsPanel
from epochreel.render.text import text_width


def sized(film: Any) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    return painted(film).only("lines")


def test_a_line_s_width_is_its_weight_s_size_and_its_colour_the_sign() -> None:
    net = network([2, 3, 1])
    found = recording(net, [net.flat * 0.5, net.flat])
    film = film_of(found, NetworkPanel("Model"))
    weights = np.concatenate([w.T.ravel() for w, _ in found.layers(1)])
    segments, widths, colors = sized(film)
    drawn = np.sort(np.abs(weights))[np.abs(np.sort(np.abs(weights))) > 0.03 * greatest([weights])]
    assert len(segments) == len(drawn)
    assert (np.diff(widths) >= 0).all(), "the greatest must lie on top"
    thick = widths > widths.min()
    np.testing.assert_allclose((widths / drawn)[thick], widths[-1] / drawn[-1], rtol=1e-5)
    signs = np.sign(weights[np.argsort(np.abs(weights), kind="stable")][-len(drawn) :])
    bluer = colors[:, 2] > colors[:, 0]
    np.testing.assert_array_equal(bluer, signs > 0)
    assert (colors[:, 3] == 1).all()


def test_the_scale_holds_over_the_whole_film() -> None:
    """What is half as great is half as wide, at any moment."""
    net = network([2, 3, 1])
    film = film_of(recording(net, [net.flat * 0.5, net.flat]), NetworkPanel("Model"))
    first, last = painted(film, 0).only("lines")[1], painted(film, 1).only("lines")[1]
    assert last.max() == pytest.approx(2 * first.max())


def test_lines_lead_from_input_to_unit() -> None:
    """The one great weight of all is where it belongs."""
    net = network([2, 4, 3, 1])
    net.flat[:] *= 1e-3
    views = net.views()
    views["W2"][1, 2] = 5.0  # of unit 1, from unit 2 of the layer before
    film = film_of(recording(net, [net.flat * 0.9, net.flat]), NetworkPanel("Model"))
    segments, widths, _ = sized(film)
    start, end = segments[-1]
    drawing = film._set.drawings[0]
    places = drawing._columns.places
    assert widths[-1] > 1.4 * max(widths[:-1], default=0.0)
    assert (start[1], end[1]) == (places[1][2, 1], places[2][1, 1])
    assert places[1][2, 0] < start[0] < end[0] < places[2][1, 0]


def test_wide_layers_show_the_units_of_the_greatest_weights() -> None:
    net = network([2, 12, 1])
    net.flat[:] = 0
    views = net.views()
    strong = [1, 4, 5, 10]
    views["W1"][:] = 0.1
    views["W2"][:] = 0.1
    views["W1"][strong] = 3.0
    views["W1"][7] = 50.0  # but nothing of it goes on
    views["W2"][0, 7] = 0.0
    found = recording(net, [net.flat, net.flat])
    units = choose_units(found, 1, [2, 4, 1])
    assert [list(shown) for shown in units] == [[0, 1], strong, [0]]
    film = film_of(found, NetworkPanel("Model", units=4))
    words = stills(film)
    assert {"4 of 12", "2", "1", "relu", "inputs", "sigmoid"} <= set(words)
    assert {*DATA.feature_names, DATA.class_names[1]} <= set(words)
    assert len(film._set.drawings[0]._columns.dots) == 3


def test_units_are_filled_with_what_they_make_of_a_sample() -> None:
    net = network([2, 5, 1], "tanh")
    found = recording(net, [net.flat, net.flat * 3])
    point = [0.4, -0.2]
    film = film_of(found, NetworkPanel("Model", sample=point))
    hidden, output = (a[0] for a in found.activations(1, np.array([point])))
    moments = [found.activations(snapshot, np.array([point])) for snapshot in (0, 1)]
    full = [max(np.abs(moment[layer]).max() for moment in moments) for layer in (0, 1)]
    signs = Signs.of_style(film.style)
    inputs = np.array(point) / np.abs(DATA.x_train).max(axis=0)
    shares = np.concatenate([inputs, hidden / full[0], output / full[1]])
    fills = painted(film).only("discs")[2]
    np.testing.assert_allclose(fills[:, :3], signs.mixed(shares), atol=1e-6)
    assert painted(film).texts == [f"{output[0]:.3f}"]


def test_a_sample_is_a_test_point() -> None:
    net = network([2, 5, 1])
    found = recording(net, [net.flat, net.flat])
    by_number = film_of(found, NetworkPanel("Model", sample=3))
    by_place = film_of(found, NetworkPanel("Model", sample=tuple(DATA.x_test[3])))
    one, other = painted(by_number), painted(by_place)
    np.testing.assert_array_equal(one.only("discs")[2], other.only("discs")[2])
    assert any(text.startswith("Model: test point 3") for text in stills(by_number))


def test_without_a_sample_units_show_means() -> None:
    net = network([2, 5, 1], "tanh")
    found = recording(net, [net.flat, net.flat])
    film = film_of(found, NetworkPanel("Model"))
    means = found.activations(1, DATA.x_train)[0].mean(axis=0)
    fills = painted(film).only("discs")[2][2:7, :3]
    signs = Signs.of_style(film.style)
    np.testing.assert_allclose(fills, signs.mixed(means / np.abs(means).max()), atol=1e-3)
    assert painted(film).texts == []


def test_numbers_are_the_weights_and_biases() -> None:
    net = network([2, 3, 1])
    net.flat[:] += 0.1
    found = recording(net, [net.flat * 0.7, net.flat])
    film = film_of(found, NetworkPanel("Model", numbers=True))
    values = np.concatenate([np.r_[w.ravel(), b] for w, b in found.layers(1)])
    expected = sorted(f"{value:.2f}".replace("-", "\N{MINUS SIGN}") for value in values)
    assert sorted(painted(film).texts) == expected
    # each stands where it always does
    one, other = painted(film, 0).calls["text"], painted(film, 1).calls["text"]
    assert [call[0][:2] for call in one] == [call[0][:2] for call in other]


@pytest.mark.parametrize("size", [(1600, 1200), (800, 600), (480, 480), (1200, 500)])
@pytest.mark.parametrize("scale", [0.5, 50])
def test_every_number_stands_whole_within_the_panel(size: tuple[int, int], scale: float) -> None:
    """In its disc, or beneath it where the disc is too small."""
    net = network([2, 5, 4, 1])
    net.flat[:] *= scale
    film = film_of(recording(net, [net.flat] * 2), NetworkPanel("Model", numbers=True), size)
    body, size_px = film.layout.slots[0].body, film._set.drawings[0]._numbering.size_px
    for (x, baseline, text, *_), _ in painted(film).calls["text"]:
        half = text_width(text, size_px) / 2
        assert half - 1 <= x <= body.width - half + 1
        assert 0.7 * size_px <= baseline <= body.height


@pytest.mark.parametrize("sizes", [[2, 16, 16, 1], [2, 6, 5, 1], [2, 3, 1]])
def test_numbers_stand_apart_and_leave_lines_to_be_seen(sizes: list[int]) -> None:
    net = network(sizes)
    film = film_of(recording(net, [net.flat] * 2), NetworkPanel("Model", units=16, numbers=True))
    numbering = film._set.drawings[0]._numbering
    low, high = numbering.plates.min(axis=1), numbering.plates.max(axis=1)
    apart = (low[:, None] >= high).any(axis=2) | (low >= high[:, None]).any(axis=2)
    assert (apart | apart.T)[~np.eye(len(low), dtype=bool)].all()
    among = np.arange(32, 32 + 256)
    if sizes == [2, 16, 16, 1]:
        assert len(numbering.lines), "there is room on the way in and out"
        assert not np.isin(numbering.lines, among).any(), "but not for 256 numbers"
    if sizes == [2, 3, 1]:
        assert len(numbering.lines) == 9


def test_between_two_snapshots_weights_are_between() -> None:
    net = network([2, 3, 1])
    found = recording(net, [net.flat * 0.2, net.flat])
    film = film_of(found, NetworkPanel("Model"))
    moment = film.timeline.moments[0]
    half = type(moment)(0, {"Model": 0.5}, 1)
    from inside import SpyInk

    ink = SpyInk()
    film._set.drawings[0].paint(ink, half)
    assert ink.only("lines")[1].max() == pytest.approx(0.6 * sized(film)[1].max(), rel=1e-4)


@pytest.mark.parametrize("style", STYLES)
@pytest.mark.parametrize("colormap", COLORMAPS)
def test_signs_stand_out_from_the_ground(style: str, colormap: str) -> None:
    look = load_style(style, colormap)
    signs, ground = Signs.of_style(look), np.array(look.ground) / 255
    for color in (signs.below, signs.above):
        low, high = sorted((luminance(color), luminance(ground)))
        assert (high + 0.05) / (low + 0.05) >= 2.99
    assert np.abs(signs.below - signs.above).max() > 0.3
    table = signs.table(5)
    np.testing.assert_array_equal(table[0, :3], np.rint(255 * signs.below))
    np.testing.assert_array_equal(table[-1, :3], np.rint(255 * signs.above))


def test_scales_survive_what_has_no_size() -> None:
    assert greatest([np.zeros(3), np.array([np.nan, np.inf])]) == 1.0
    assert greatest([np.array([-4.0, 1.0])]) == 4.0
    assert spread(3) == [0, 1, 2]
    assert spread(1000, 5) == [0, 250, 500, 749, 999]


@pytest.mark.parametrize(
    ("sample", "message"),
    [
        (
            len(DATA.y_test),
            f"must be from 0 to {len(DATA.y_test) - 1}, one of the test points, got",
        ),
        (-1, "must be from 0 to"),
        ((0.5,), "must have 2 numbers, one for each feature, got 1"),
        ((0.5, np.nan), "must be finite"),
    ],
)
def test_samples_that_aren_t_there_are_refused(sample: Any, message: str) -> None:
    net = network([2, 3, 1])
    film = film_of(recording(net, [net.flat]), NetworkPanel("Model", sample=sample))
    with pytest.raises(InvalidInputError, match="panels.sample: " + message):
        film.layout  # noqa: B018


@pytest.mark.parametrize("panel", [NetworkPanel, HiddenUnitsPanel, WeightsPanel])
def test_a_recording_without_layers_is_refused(panel: Any) -> None:
    kind = {NetworkPanel: "network", HiddenUnitsPanel: "hidden_units", WeightsPanel: "weights"}
    message = (
        f"panels: '{kind[panel]}' needs the layers of 'Forest', which its recording doesn't have"
    )
    with pytest.raises(InvalidInputError) as caught:
        film_of(layerless(), panel("Model")).layout  # noqa: B018
    assert str(caught.value) == message
