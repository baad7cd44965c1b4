"""Captions: when they are shown, how they fade, and that they never cover the data."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from epochreel.nn.errors import InvalidInputError
from epochreel.nn.recording import Recording
from epochreel.render import BoundaryPanel, Caption, Film, Timeline, load_style, write_film
from epochreel.render.captions import MAX_LINES, place_captions, wrap
from epochreel.render.events import parse_event
from epochreel.render.text import text_width

LONG = "The line bends around the points and nearly all of them now lie on its right side. "
FPS = 10


def film_of(
    recordings: dict[str, Recording],
    captions: Sequence[Caption],
    size: tuple[int, int] = (320, 240),
    style: str = "dark",
) -> Film:
    return Film(
        recordings,
        [BoundaryPanel(name) for name in recordings],
        size=size,
        style=load_style(style),
        timeline=Timeline.build(recordings, fps=FPS, hold_last_s=1.0),
        captions=captions,
    )


def opacities(film: Film) -> list[float]:
    """How strongly each frame of the finished film shows text, seen in its pixels."""
    rect = film.layout.captions
    assert rect is not None
    ground = np.asarray(load_style("dark").ground)
    shown: list[float] = []
    for frame in film:
        band = frame.pixels[rect.top : rect.bottom, rect.left : rect.right, :3].astype(int)
        shown += [float(np.abs(band - ground).max())] * frame.repeats
    return shown


# a recording of 6 snapshots, 50 updates apart, one frame each; the last is held for 10 more
@pytest.mark.parametrize(
    ("caption", "first"),
    [
        (Caption("x", update=100, fade_s=0), 2),
        (Caption("x", update=101, fade_s=0), 3),
        (Caption("x", epoch=150, fade_s=0), 3),
        (Caption("x", time_s=0.4, fade_s=0), 4),
        (Caption("x", time_s=1.1, fade_s=0), 11),
        (Caption("x", event="accuracy >= 0.65", fade_s=0), 2),  # 0.5 + 0.45·2/6
        (Caption("x", event="train_loss ≤ 0.24", fade_s=0), 2),  # 0.7/(1 + 2)
    ],
)
def test_a_caption_is_shown_from_its_moment_on(make_recording, caption, first: int) -> None:
    film = film_of({"Disc": make_recording()}, [caption])
    assert film.frame_count == 16
    assert [value > 100 for value in opacities(film)] == [False] * first + [True] * (16 - first)


def test_the_model_of_an_event_may_be_any(make_recording) -> None:
    recordings = {"Short": make_recording(snapshots=3), "Long": make_recording(snapshots=6)}
    film = film_of(recordings, [Caption("x", update=200, model="Long", fade_s=0)])
    assert opacities(film).index(max(opacities(film))) == 4
    with pytest.raises(InvalidInputError, match=r"captions\.model.*'Short'"):
        film_of(recordings, [Caption("x", update=0, model="Shrt")])


def test_fades_take_their_time_within_a_hold_too(make_recording) -> None:
    film = film_of({"Disc": make_recording()}, [Caption("x", time_s=0.6, duration_s=0.8)])
    shown = opacities(film)
    full = max(shown)
    share = np.round(np.asarray(shown) / full, 2)
    # 0.3 s are three frames of growing strength; all of this is in the hold of the last snapshot
    np.testing.assert_allclose(share[6:14], [0.25, 0.5, 0.75, 1, 1, 0.75, 0.5, 0.25], atol=0.02)
    assert not share[:6].any()
    assert not share[14:].any()


def test_first_and_last_frame_stand_alone(make_recording) -> None:
    film = film_of({"Disc": make_recording()}, [Caption("a", update=0), Caption("a", update=250)])
    shown = opacities(film)
    assert shown[0] == shown[-1] == max(shown)
    assert shown[4] < max(shown)  # the first goes before the second comes


def test_a_hold_pauses_the_film_and_later_times_count_it(make_recording, tmp_path: Path) -> None:
    import av

    captions = [
        Caption("pause", update=100, hold_s=1.0, fade_s=0),
        Caption("late", time_s=1.5, fade_s=0, hold_s=0.5),
    ]
    recordings = {"Disc": make_recording()}
    film = film_of(recordings, captions, size=(160, 120))
    assert film.frame_count == 16 + 10 + 5
    moments = [moment for moment in film.timeline.moments for _ in range(moment.repeats)]
    assert [moment.snapshots["Disc"] for moment in moments[:15]] == [0, 1] + [2] * 11 + [3, 4]
    assert [moment.index for moment in film.timeline.moments] == list(range(len(film)))
    path = tmp_path / "held.mp4"
    write_film(film, path)
    with av.open(str(path)) as file:
        assert sum(1 for _ in file.decode(video=0)) == 31


def test_what_never_happens_is_said_and_not_shown(make_recording) -> None:
    recordings = {"Disc": make_recording()}
    captions = [
        Caption("a", event="accuracy >= 0.99"),
        Caption("b", update=251),
        Caption("c", time_s=1.6),
        Caption("d", update=100),
        Caption("e", update=100),
    ]
    film = film_of(recordings, captions)
    assert len(film.notes) == 4
    assert "'accuracy >= 0.99' never comes" in film.notes[0]
    assert "update 251 never comes" in film.notes[1]
    assert "1.6 s is past the film's end" in film.notes[2]
    assert "captions[3]" in film.notes[3]
    without = film_of(recordings, captions[:3])
    assert without.layout.captions is None
    bare = film_of(recordings, [])
    np.testing.assert_array_equal(without.frame(3).pixels, bare.frame(3).pixels)
    assert not bare.notes


@pytest.mark.parametrize("style", ["dark", "light"])
@pytest.mark.parametrize("size", [(1600, 1200), (800, 600), (480, 360), (1080, 1920), (16, 16)])
@pytest.mark.parametrize("models", [1, 2])
def test_the_band_is_free_of_all_else(make_recording, style: str, size, models: int) -> None:
    recordings = {f"Disc {index}": make_recording(snapshots=3) for index in range(models)}
    film = film_of(recordings, [Caption(LONG, update=50, duration_s=0.1)], size, style)
    rect = film.layout.captions
    assert rect is not None
    assert rect.left >= 0
    assert rect.bottom <= size[1]
    ground = np.asarray((*load_style(style).ground, 255))
    before, shown = film.frame(0).pixels, film.frame(1).pixels
    changed = (before != shown).any(axis=2)
    empty = before[rect.top : rect.bottom, rect.left : rect.right]
    if min(size) > 16:
        for slot in film.layout.slots:
            assert slot.cell.bottom <= rect.top
        assert (empty == ground).all()
        assert changed[rect.top : rect.bottom, rect.left : rect.right].mean() > 0.005
        # and the text stays in its band: one row around it is as it was
        edge = np.concatenate([changed[rect.top - 1], changed[rect.bottom]])
        assert not edge.any()


def test_one_canvas_is_restored_after_each_caption(make_recording) -> None:
    captions = [
        Caption("a long one", update=0, duration_s=0.2),
        Caption("short", update=200, duration_s=0.3),
    ]
    film = film_of({"Disc": make_recording()}, captions)
    streamed = [frame.pixels.copy() for frame in film]
    for index in reversed(range(len(film))):
        np.testing.assert_array_equal(film.frame(index).pixels, streamed[index])


@pytest.mark.parametrize("style", ["dark", "light"])
def test_captions_read_well(make_recording, style: str) -> None:
    look = load_style(style)

    def luminance(color: Sequence[int]) -> float:
        share = np.asarray(color) / 255
        linear = np.where(share <= 0.04045, share / 12.92, ((share + 0.055) / 1.055) ** 2.4)
        return float(linear @ [0.2126, 0.7152, 0.0722])

    film = film_of({"Disc": make_recording()}, [Caption("HHH", update=0)], (800, 600), style)
    rect = film.layout.captions
    assert rect is not None
    band = film.frame(0).pixels[rect.top : rect.bottom, rect.left : rect.right, :3].reshape(-1, 3)
    far = band[np.abs(band.astype(int) - look.ground).sum(axis=1).argmax()]
    light, dark = sorted([luminance(far), luminance(look.ground)], reverse=True)
    assert (light + 0.05) / (dark + 0.05) > 4.5


def test_text_wraps_between_words_to_at_most_three_lines(make_recording) -> None:
    recordings = {"Disc": make_recording()}
    lines = wrap(LONG, 200, 20)
    assert " ".join(lines) == LONG.strip()
    assert all(text_width(line, 20) <= 200 for line in lines)
    # greedy: no line has room for the next one's first word
    for line, following in zip(lines, lines[1:], strict=False):
        assert text_width(f"{line} {following.split()[0]}", 20) > 200
    heights = [
        film_of(recordings, [Caption(LONG * count, update=0)]).layout.captions.height
        for count in (1, 3)
    ]
    assert heights[0] < heights[1]
    film = film_of(recordings, [Caption(LONG * 9, update=0), Caption("short", update=100)])
    assert film.layout.captions.height == heights[1]
    assert film.notes[0].endswith(f"is cut after {MAX_LINES} lines")


def falling(make_recording, losses: Sequence[float]) -> Recording:
    recording = make_recording(snapshots=len(losses))
    metrics = {**recording.metrics, "test_loss": np.asarray(losses)}
    return replace(recording, metrics=metrics)


@pytest.mark.parametrize(
    ("losses", "expected"),
    [
        ([1.0, 0.5, 0.2, 0.1, *[0.1] * 10], 3),
        ([1.0, 0.5, 0.2, 0.11, 0.1, *[0.1] * 10], 3),  # 1 % of the fall is still ahead
        (list(np.linspace(1, 0, 20)), None),  # falls to the end
        ([1.0] * 8, None),  # never falls
        ([1.0, 0.1, np.nan, 0.5, 0.5, 0.5, 0.5, 0.5, 0.5, 0.5, 0.5, 0.5], 1),
        ([np.nan] * 5, None),
    ],
)
def test_loss_stops_falling(make_recording, losses, expected: int | None) -> None:
    assert parse_event("loss stops falling").first(falling(make_recording, losses)) == expected
    upside_down = [-loss for loss in losses]
    rising = parse_event("test_loss  stops rising")
    assert rising.first(falling(make_recording, upside_down)) == expected


@pytest.mark.parametrize(
    "text",
    ["", "accuracy", "accuracy > 0.9", "acuracy >= 0.9", "accuracy >= high", "loss stops"],
)
def test_an_event_that_means_nothing_is_refused(text: str) -> None:
    with pytest.raises(InvalidInputError, match="event: must be like 'accuracy >= 0.9'"):
        parse_event(text)


def test_a_caption_has_exactly_one_moment(make_recording) -> None:
    with pytest.raises(InvalidInputError, match="exactly one of .* got 0"):
        Caption("x")
    with pytest.raises(InvalidInputError, match="exactly one of .* got 2"):
        Caption("x", update=1, epoch=2)
    recordings = {"Disc": make_recording()}
    timeline = Timeline.build(recordings)
    assert place_captions((), timeline, recordings)[0] is timeline
