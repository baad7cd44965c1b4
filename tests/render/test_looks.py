"""Frames against the same frames as Matplotlib alone draws them, in whole and region by region."""

from __future__ import annotations

from functools import cache

import numpy as np
import pytest
from contourpy import contour_generator
from reference import draw_reference, logits_at_pixels, pixel_centres
from scipy.ndimage import distance_transform_edt
from scipy.spatial import cKDTree
from skimage.metrics import structural_similarity
from threadpoolctl import threadpool_limits

from epochreel.nn import Network, NetworkRecorder, make_dataset, train
from epochreel.nn.optimizers import SGD
from epochreel.nn.recording import ParameterRecording
from epochreel.render import BoundaryPanel, Film, Timeline, load_style
from epochreel.render.field import NodeGrid
from epochreel.render.isoline import find_isoline

UNTRAINED, MIDDLE, LAST = 0, 1, 2
REGION = 100


@pytest.fixture(autouse=True)
def one_thread():
    """Threads of the linear algebra only get into each other's way on a busy machine."""
    with threadpool_limits(1):
        yield


@cache
def trained() -> ParameterRecording:
    """The published network on moons: untrained, half-way and when it parts them well.

    In float64, so that it comes to the same network whichever way a processor rounds.
    """
    data, rng = make_dataset("moons", seed=100), np.random.default_rng(1)
    sizes = [2, 25, 50, 50, 25, 1]
    network = Network(sizes, initializer="glorot_uniform", rng=rng, dtype=np.float64)
    recorder = NetworkRecorder("Model", data, every=580)
    train(
        network, data.x_train, data.y_train, optimizer=SGD(0.1), epochs=40, batch_size=32,
        rng=rng, callbacks=[recorder],
    )  # fmt: skip
    return recorder.recording()


def film(style: str, size: tuple[int, int]) -> Film:
    recordings = {"Model": trained()}
    return Film(
        recordings,
        [BoundaryPanel("Model")],
        size=size,
        style=load_style(style),
        timeline=Timeline.build(recordings),
        title="Two moons",
    )


CASES = [
    ("dark", (1600, 1200), UNTRAINED),
    ("dark", (1600, 1200), MIDDLE),
    ("dark", (800, 600), LAST),
    ("light", (800, 600), UNTRAINED),
    ("light", (800, 600), MIDDLE),
    ("light", (1600, 1200), LAST),
]


@pytest.mark.parametrize(("style", "size", "index"), CASES)
def test_a_frame_looks_as_matplotlib_draws_it(
    style: str, size: tuple[int, int], index: int
) -> None:
    made = film(style, size)
    body = made.layout.slots[0].body
    ours = made.frame(index).pixels[:, :, :3]
    # Untrained the line folds into a sliver, whose tip is thinner than the pixels between which
    # it would else be sought: at twice their distance it ends 8 px earlier.
    finer = 2 if index == UNTRAINED else 1
    theirs = draw_reference(made, index, finer=finer)

    whole, similar = structural_similarity(ours, theirs, channel_axis=-1, full=True)
    assert whole >= 0.992
    plot = similar.mean(axis=-1)[body.top : body.bottom, body.left : body.right]
    regions = np.asarray(
        [
            plot[top : top + REGION, left : left + REGION].mean()
            for top in range(0, body.height - REGION + 1, REGION // 2)
            for left in range(0, body.width - REGION + 1, REGION // 2)
        ]
    )
    assert regions.min() >= 0.985

    # ticks, text and rings: the same pixels, but for how Agg rounds a blend with nothing beneath
    apart = np.abs(ours.astype(int) - theirs).max(axis=-1)
    inside = np.zeros(apart.shape, bool)
    inside[body.top : body.bottom, body.left : body.right] = True
    assert apart[~inside].max() <= 2

    # the same for points and rings, where the field beneath has one colour in both
    plain = _plain(made, index, finer)
    assert plain.mean() > 0.05
    assert apart[body.top : body.bottom, body.left : body.right][plain].max() <= 2


def _plain(made: Film, index: int, finer: int) -> np.ndarray:
    """Pixels of the plot a little away from any change of colour and from the line."""
    logits = logits_at_pixels(made, index, finer=finer).astype(float)
    level = 25 / (1 + np.exp(-logits))
    bands = level.astype(int)
    edges = np.zeros(bands.shape, bool)
    for image in (bands, logits > 0):
        edges[:-1] |= image[:-1] != image[1:]
        edges[:, :-1] |= image[:, :-1] != image[:, 1:]
    rows, columns = np.asarray(edges.shape) // finer
    edges = edges.reshape(rows, finer, columns, finer).any(axis=(1, 3))
    return distance_transform_edt(~edges) > 8


@pytest.mark.parametrize("index", [UNTRAINED, MIDDLE, LAST])
def test_the_line_is_drawn_where_matplotlib_draws_it(index: int) -> None:
    made = film("dark", (1600, 1200))
    body = made.layout.slots[0].body
    window = np.s_[body.top : body.bottom, body.left : body.right]
    core = np.asarray(made.style.isoline)
    finer = 2 if index == UNTRAINED else 1
    ours, theirs = (
        np.abs(pixels[window].astype(int) - core).max(axis=-1)
        for pixels in (
            made.frame(index).pixels[:, :, :3],
            draw_reference(made, index, finer=finer),
        )
    )
    # rings have the line's colour too, and are the same in both
    for one, other in ((ours, theirs), (theirs, ours)):
        covered, partly = one < 60, other < 160
        assert covered.sum() > 2000
        assert distance_transform_edt(~partly)[covered].max() <= (8 if finer == 2 else 1)


@pytest.mark.parametrize("size", [(1600, 1200), (800, 600)])
@pytest.mark.parametrize("index", [UNTRAINED, MIDDLE, LAST])
def test_the_line_is_within_a_pixel_of_a_contour_in_both_directions(
    index: int, size: tuple[int, int]
) -> None:
    """Measured between points 0.05 px apart on either line, not between pixels."""
    made = film("dark", size)
    logits = logits_at_pixels(made, index, finer=2)
    x, y = ((np.arange(count) + 0.5) / 2 for count in logits.shape[::-1])
    lines = contour_generator(x, y, logits).lines(0.0)
    pieces = np.concatenate([np.stack([line[:-1], line[1:]], axis=1) for line in lines])
    ours, theirs = _dotted(_line(made, index)), _dotted(pieces)
    ours = ours[((ours > [x[0], y[0]]) & (ours < [x[-1], y[-1]])).all(axis=1)]
    there, back = cKDTree(theirs).query(ours)[0], cKDTree(ours).query(theirs)[0]
    if index == UNTRAINED:
        # A sliver's tip, thinner than half a pixel, ends a few pixels further in one or the other.
        assert there.max() <= 1
        assert back.max() <= 5
        assert (back > 1).mean() <= 0.01
    else:
        assert max(there.max(), back.max()) <= 0.4


def _line(made: Film, index: int) -> np.ndarray:
    """Pieces of the line of a one-panel film, in pixels of its plot."""
    body, recording = made.layout.slots[0].body, trained()
    snapshot = made.timeline.moments[index].snapshots["Model"]
    step = 8 if made.size == (1600, 1200) else 4
    grid = NodeGrid(body.width, body.height, recording.dataset.viewport, step)
    predict = lambda places: recording.logits(snapshot, places)[:, 0]  # noqa: E731
    return find_isoline(grid, grid.sample(predict, 25), predict)


def _dotted(pieces: np.ndarray, apart: float = 0.05) -> np.ndarray:
    """Points along straight pieces."""
    along = pieces[:, 1] - pieces[:, 0]
    count = np.maximum(1, np.ceil(np.hypot(*along.T) / apart)).astype(int)
    piece = np.repeat(np.arange(len(pieces)), count)
    nth = np.arange(len(piece)) - np.repeat(np.cumsum(count) - count, count)
    return pieces[piece, 0] + ((nth + 0.5) / count[piece])[:, None] * along[piece]


@pytest.mark.parametrize("index", [MIDDLE, LAST])
def test_kinks_of_the_line_are_neither_stepped_nor_cut(index: int) -> None:
    """Every piece lies on the network's own zero, found by bisection across it."""
    made = film("dark", (1600, 1200))
    body, recording = made.layout.slots[0].body, trained()
    view = recording.dataset.viewport

    def logits(px: np.ndarray) -> np.ndarray:
        x = view.x_min + px[:, 0] / body.width * view.width
        y = view.y_max - px[:, 1] / body.height * view.height
        return recording.logits(index, np.column_stack([x, y]).astype(np.float32))[:, 0]

    pieces = _line(made, index)
    start, along = pieces[:, 0], pieces[:, 1] - pieces[:, 0]
    length = np.hypot(*along.T)
    count = np.maximum(1, np.ceil(length)).astype(int)
    piece = np.repeat(np.arange(len(pieces)), count)
    share = (np.arange(len(piece)) - np.repeat(np.cumsum(count) - count, count) + 0.5) / count[
        piece
    ]
    at = start[piece] + share[:, None] * along[piece]
    normal = np.column_stack([-along[:, 1], along[:, 0]])[piece] / length[piece, None]

    reach = 2.0
    low, high = np.full(len(at), -reach), np.full(len(at), reach)
    sign = logits(at - reach * normal) > 0
    crossed = sign != (logits(at + reach * normal) > 0)
    assert crossed.mean() > 0.97
    for _ in range(12):
        middle = (low + high) / 2
        same = (logits(at + middle[:, None] * normal) > 0) == sign
        low, high = np.where(same, middle, low), np.where(same, high, middle)
    away = np.abs(low[crossed])
    assert np.percentile(away, 99.5) <= 0.25
    assert away.max() <= 0.4


def test_x_and_y_of_the_reference_are_pixel_centres() -> None:
    made = film("dark", (800, 600))
    body = made.layout.slots[0].body
    x, y = pixel_centres(made)
    assert (len(x), len(y)) == (body.width, body.height)
    assert x[0] > -1.5
    assert y[0] < 2.0
