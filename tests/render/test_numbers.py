"""Four models on one frame, and the numbers beneath them: all there, none cut, none jumping."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from epochreel.nn.dataset import Viewport
from epochreel.nn.errors import InvalidInputError
from epochreel.nn.recording import FunctionRecording
from epochreel.render import STYLES, BoundaryPanel, Film, Timeline, load_style
from epochreel.render.layout import Rect
from epochreel.render.panels.numbers import choose_numbers
from epochreel.render.text import NumberSlot

FOUR = ("NumPy", "Keras", "PyTorch", "scikit-learn")
ALL = ("test_accuracy", "test_loss", "seconds")
SIZES = [(1600, 1200), (1920, 1080), (800, 600)]


def film_of(
    recordings: dict[str, FunctionRecording],
    size: tuple[int, int] = (800, 600),
    style: str = "dark",
    columns: int | None = None,
    numbers: tuple[str, ...] | None = ALL,
) -> Film:
    return Film(
        recordings,
        [BoundaryPanel(name, numbers=numbers) for name in recordings],
        size=size,
        style=load_style(style),
        timeline=Timeline.build(recordings, fps=20, hold_last_s=0.0),
        title="Four engines, one network",
        columns=columns,
    )


@pytest.fixture
def four(make_recording) -> dict[str, FunctionRecording]:
    """Four models whose trainings took 0.5, 5, 50 and 500 seconds."""
    return {
        name: replace(make_recording(name), seconds=np.arange(6) * 0.1 * 10**power)
        for power, name in enumerate(FOUR)
    }


def inked(film: Film, pixels: np.ndarray, rect: Rect) -> np.ndarray:
    area = pixels[rect.top : rect.bottom, rect.left : rect.right, :3]
    return (area != film.style.ground).any(axis=2)


@pytest.mark.parametrize("style", STYLES)
@pytest.mark.parametrize("size", SIZES)
def test_four_panels_fill_the_frame_two_by_two(size: tuple[int, int], style: str, four) -> None:
    film = film_of(four, size, style)
    slots = film.layout.slots
    assert len({slot.body.left for slot in slots}) == 2
    assert len({slot.body.top for slot in slots}) == 2
    assert len({(slot.body.width, slot.body.height) for slot in slots}) == 1
    assert film.plot_share() > 0.45
    assert [slot.x_labels for slot in slots] == [False, False, True, True]
    assert [slot.y_labels for slot in slots] == [True, False, True, False]
    pixels = film.frame(len(film) - 1).pixels
    margin = round(film.layout.scale.margin * 0.6)
    inside = np.zeros(pixels.shape[:2], bool)
    inside[margin:-margin, margin:-margin] = True
    assert not (pixels[~inside][:, :3] != film.style.ground).any()
    for slot in slots:
        assert slot.strip is not None
        assert slot.one_line
        strip = slot.strip
        ink = inked(film, pixels, strip)
        assert ink.any()
        # a row of plain ground above and below: no number touches a plot, a tick or a title
        assert not ink[0].any()
        beneath = Rect(strip.left, strip.bottom + round(0.25 * strip.height), strip.width, 1)
        assert not inked(film, pixels, beneath).any()
        # and none runs into the panel beside it
        assert not inked(film, pixels, Rect(strip.right, strip.top, 6, strip.height)).any()


def test_plots_over_different_planes_have_their_own_ticks(four, make_recording) -> None:
    other = make_recording("Keras")
    wide = replace(other.dataset, viewport=Viewport(-3, 3, -3, 3))
    alike, apart = film_of(four), film_of(four | {"Keras": replace(other, dataset=wide)})
    assert all(slot.x_labels and slot.y_labels for slot in apart.layout.slots)
    assert alike.plot_share() > 1.1 * apart.plot_share()


@pytest.mark.parametrize(("columns", "rows"), [(1, 4), (2, 2), (3, 2), (4, 1)])
def test_a_film_has_the_columns_that_are_asked_for(columns: int, rows: int, four) -> None:
    film = film_of(four, columns=columns)
    assert len({slot.body.left for slot in film.layout.slots}) == columns
    assert len({slot.body.top for slot in film.layout.slots}) == rows
    assert film.variant(size=(400, 300), timeline=film.timeline).layout.rows == rows


@pytest.mark.parametrize("columns", [0, 5])
def test_more_columns_than_panels_are_refused(columns: int, four) -> None:
    with pytest.raises(InvalidInputError, match=r"columns: must be from 1 to 4.* got "):
        film_of(four, columns=columns)


def test_seconds_are_those_of_the_recording_and_go_on_between_snapshots(four) -> None:
    for name, texts in {
        "NumPy": ("0.00 s", "0.30 s", "0.35 s", "0.50 s"),
        "Keras": ("0.00 s", "3.00 s", "3.50 s", "5.00 s"),
        "PyTorch": ("\u20070.00 s", "30.00 s", "35.00 s", "50.00 s"),
        "scikit-learn": ("\u2007\u20070.0 s", "300.0 s", "350.0 s", "500.0 s"),
    }.items():
        (measure,) = choose_numbers(four[name], ["seconds"])
        shown = tuple(measure.text(four[name], snapshot) for snapshot in (0, 3, 3.5, 5))
        assert shown == texts


def test_digits_stay_where_they_are_when_one_more_comes_before_them() -> None:
    slot = NumberSlot.create(5, 25, 17.3, "semibold", (255, 255, 255), (0, 0, 0))
    pictures = []
    for text in ("\u20079.99 s", "10.99 s"):
        canvas = np.zeros((40, 160, 4), np.uint8)
        slot.draw(canvas, text)
        pictures.append(canvas[:, 5 + 2 * slot.width("0") :])
        assert slot.width(text) == slot.width("00.00 s")
    assert pictures[0].any()
    np.testing.assert_array_equal(*pictures)


def test_a_frame_shows_the_seconds_of_each_model(four) -> None:
    film = film_of(four, (1600, 1200))
    scale, style = film.layout.scale, film.style
    pixels = film.frame(3).pixels
    for name, text in zip(FOUR, ("0.30 s", "3.00 s", "30.00 s", "300.0 s"), strict=True):
        slot = film.layout.slots[FOUR.index(name)]
        assert slot.strip is not None
        stamp = NumberSlot.create(0, 40, scale.body, "semibold", style.ink, style.ground)
        expected = np.full((60, stamp.width(text), 4), (*style.ground, 255), np.uint8)
        stamp.draw(expected, text)
        rows = np.flatnonzero((expected[..., :3] != style.ground).any(axis=(1, 2)))
        expected = expected[rows[0] : rows[-1] + 1]
        strip = slot.strip
        area = pixels[strip.top - 4 : strip.bottom + 8, strip.left : strip.right]
        windows = np.lib.stride_tricks.sliding_window_view(area, expected.shape)[:, :, 0]
        assert (windows == expected).all(axis=(2, 3, 4)).any(), text


def test_panels_match_though_their_trainings_last_unlike_long(four) -> None:
    film = film_of(four)
    with film.style.context():
        _, drawings, _ = film._draw_once()
    places = [
        [number.left - slot.body.left for _, number in drawing.numbers]
        for slot, drawing in zip(film.layout.slots, drawings, strict=True)
    ]
    assert len(places[0]) == 3
    assert np.ptp(places, axis=0).max() <= 1  # a pixel of rounding


@pytest.mark.parametrize("count", [2, 3])
def test_numbers_have_room_in_any_arrangement(count: int, make_recording) -> None:
    names = FOUR[:count]
    recordings = {name: replace(make_recording(name), seconds=np.arange(6) * 2.5) for name in names}
    for size in [*SIZES, (1080, 1920), (480, 360)]:
        film = film_of(recordings, size)
        pixels = film.frame(len(film) - 1).pixels
        for slot in film.layout.slots:
            assert slot.strip is not None
            right = Rect(slot.body.right, slot.strip.top, 4, slot.strip.height)
            assert not inked(film, pixels, right).any(), size


def test_a_panel_may_show_no_numbers_or_those_of_the_training_data(four) -> None:
    assert film_of(four, numbers=()).layout.slots[0].strip is None
    measures = choose_numbers(four["NumPy"], ["train_loss", "train_accuracy"])
    assert [measure.label for measure in measures] == ["train loss", "train accuracy"]
    assert measures[1].text(four["NumPy"], 5) == f"{0.5 + 0.4 * 5 / 6:.3f}"


@pytest.mark.parametrize(
    ("key", "words"),
    [("accuracy", "must be one of 'test_accuracy', "), ("test_loss", "'NumPy' has no 'test_loss'")],
)
def test_numbers_that_nobody_has_are_refused(key: str, words: str, make_recording) -> None:
    recording = replace(make_recording("NumPy"), metrics={})
    with pytest.raises(InvalidInputError, match=f"^numbers: .*{words}"):
        choose_numbers(recording, [key])


@pytest.mark.parametrize(
    ("columns", "size"), [(1, (1080, 1920)), (2, (1600, 1200)), (3, (1600, 1200))]
)
def test_labels_are_whole_where_any_type_leaves_them_room(
    columns: int, size: tuple[int, int], make_recording
) -> None:
    recordings = {
        name: replace(make_recording(name), seconds=np.arange(6) * 2.5) for name in FOUR[:3]
    }
    film = film_of(recordings, size, columns=columns)
    with film.style.context():
        stage, drawings, _ = film._draw_once()
    texts = [text.get_text() for text in stage.under.texts]
    assert [texts.count(label) for label in ("test accuracy", "test loss", "training")] == [3] * 3
    for slot, drawing in zip(film.layout.slots, drawings, strict=True):
        placed = sorted(drawing.numbers, key=lambda pair: pair[1].left)
        ends = [number.left + number.width(measure.room) for measure, number in placed]
        starts = [number.left for _, number in placed[1:]]
        assert all(end < start for end, start in zip(ends, starts, strict=False))
        assert ends[-1] <= slot.body.right
