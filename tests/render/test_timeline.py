"""Time is part of the look: holds, order and counts for any number of snapshots."""

from __future__ import annotations

import time
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from epochreel.nn.errors import InvalidInputError
from epochreel.nn.recording import FunctionRecording
from epochreel.render.alignment import ALIGNMENTS
from epochreel.render.easing import EASINGS
from epochreel.render.pacing import PACES, field_steps
from epochreel.render.timeline import Hold, Timeline, plan_timeline

counts = st.dictionaries(st.sampled_from("abcd"), st.integers(1, 400), min_size=1)


@given(
    counts=counts,
    fps=st.integers(1, 60),
    first=st.floats(0, 5),
    last=st.floats(0, 5),
    most=st.none() | st.integers(1, 500),
)
def test_every_timeline(
    counts: dict[str, int], fps: int, first: float, last: float, most: int | None
) -> None:
    timeline = plan_timeline(counts, fps=fps, hold_first_s=first, hold_last_s=last, max_frames=most)
    longest = max(counts.values())
    frames = len(timeline.moments)
    assert frames == min(longest, most or longest)
    assert timeline.frame_count == frames + round(first * fps) + round(last * fps)
    assert timeline.duration_s == pytest.approx(timeline.frame_count / fps)
    assert [moment.index for moment in timeline.moments] == list(range(frames))
    for name, count in counts.items():
        shown = [moment.snapshots[name] for moment in timeline.moments]
        assert shown == sorted(shown)
        assert shown[-1] == count - 1
        assert 0 <= shown[0] < count
        if frames > 1:
            assert shown[0] == 0
    if most is None:
        name = max(counts, key=counts.__getitem__)
        assert [moment.snapshots[name] for moment in timeline.moments] == list(range(longest))


def test_a_model_that_stopped_early_stays_on_its_last_snapshot() -> None:
    timeline = plan_timeline({"short": 2, "long": 4})
    assert [moment.snapshots["short"] for moment in timeline.moments] == [0, 1, 1, 1]


@pytest.mark.parametrize("counts", [{}, {"a": 0}])
def test_nothing_to_show_is_an_error(counts: dict[str, int]) -> None:
    with pytest.raises(InvalidInputError, match="at least one recording"):
        plan_timeline(counts)


def test_no_frame_rate_is_an_error() -> None:
    with pytest.raises(InvalidInputError, match="fps: must be ≥ 1, got 0"):
        plan_timeline({"a": 1}, fps=0)


def test_build_counts_a_recording_s_snapshots(make_recording) -> None:
    timeline = Timeline.build({"Disc": make_recording(snapshots=5)}, fps=10, hold_last_s=1)
    assert timeline.frame_count == 15


@pytest.mark.parametrize("name", EASINGS)
def test_an_easing_leads_from_0_to_1_and_never_back(name: str) -> None:
    alpha = np.linspace(0, 1, 1001)
    eased = EASINGS[name](alpha)
    assert (eased[0], eased[-1]) == (0, 1)
    assert (np.diff(eased) >= 0).all()
    assert ((eased >= 0) & (eased <= 1)).all()


@given(
    lengths=st.lists(st.integers(1, 12), min_size=1, max_size=3),
    pace=st.sampled_from(sorted(PACES)),
    align=st.sampled_from(sorted(ALIGNMENTS)),
    easing=st.sampled_from(sorted(EASINGS)),
    tween=st.none() | st.booleans(),
    frames=st.none() | st.integers(1, 40),
)
@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_every_pace_and_alignment(
    make_recording, lengths, pace, align, easing, tween, frames
) -> None:
    recordings = {
        f"model {index}": make_recording(f"model {index}", length)
        for index, length in enumerate(lengths)
    }
    options: dict[str, Any] = {
        "frames": frames, "pace": pace, "align": align, "easing": easing, "tween": tween,
        "holds": [Hold(120, 1), Hold(0.5, 0.5, "second"), Hold(1e6, 2, "epoch")],
    }  # fmt: skip
    timeline = Timeline.build(recordings, **options)
    assert len(timeline.moments) == (frames or max(lengths))
    assert timeline.frame_count == len(timeline.moments) + 20 + 10 + 40
    planned = plan_timeline(dict(zip(recordings, lengths, strict=True)), **options)
    assert planned.frame_count == timeline.frame_count
    for name, length in zip(recordings, lengths, strict=True):
        shown = np.array([moment.snapshots[name] for moment in timeline.moments])
        assert (np.diff(shown) >= 0).all()
        assert shown[-1] == length - 1
        assert shown[0] == 0 or len(shown) == 1
        if tween is False:
            assert (shown == np.floor(shown)).all()


def positions(timeline: Timeline, name: str) -> list[float]:
    return [moment.snapshots[name] for moment in timeline.moments]


def test_paces_in_closed_form(make_recording) -> None:
    one = {"One": uneven(make_recording("One", 5), [0, 1, 9, 99, 999])}
    assert positions(Timeline.build(one), "One") == [0, 1, 2, 3, 4]
    linear = Timeline.build(one, pace="linear", frames=4)
    # a third of the way are 333 updates, between the snapshots at 99 and at 999
    expected = [0, 3 + (333 - 99) / 900, 3 + (666 - 99) / 900, 4]
    assert positions(linear, "One") == pytest.approx(expected)
    log = Timeline.build(one, pace="log", frames=4)
    assert positions(log, "One") == [0, 2, 3, 4]  # 1 + updates: 1, 10, 100, 1000
    stepped = Timeline.build(one, pace="linear", frames=4, tween=False)
    assert positions(stepped, "One") == [0, 3, 3, 4]
    eased = Timeline.build(one, frames=5, easing="ease_in", tween=True)
    assert positions(eased, "One") == [0, 0.25, 1, 2.25, 4]


@pytest.mark.parametrize(
    ("align", "short"),
    [
        ("snapshots", [0, 1, 2, 2, 2]),
        ("updates", [0, 0.5, 1, 1.5, 2]),  # 100 updates between its snapshots, 50 of the other
        ("epochs", [0, 1, 2, 2, 2]),
        ("progress", [0, 0.5, 1, 1.5, 2]),
        ("seconds", [0, 1, 1.5, 2, 2]),
    ],
)
def test_what_is_aligned_is_the_same_for_all(make_recording, align, short) -> None:
    slow = replace(
        make_recording("Short", 3),
        updates=np.array([0, 100, 200]),
        seconds=np.array([0, 0.1, 0.3]),
    )
    recordings = {"Long": make_recording("Long", 5), "Short": slow}
    timeline = Timeline.build(recordings, align=align)
    assert positions(timeline, "Long") == [0, 1, 2, 3, 4]
    assert positions(timeline, "Short") == pytest.approx(short)


def uneven(recording: FunctionRecording, updates: list[int]) -> FunctionRecording:
    return replace(recording, updates=np.array(updates))


def test_even_change_walks_the_field_in_equal_steps(make_recording) -> None:
    def jumpy(snapshot: int, points: np.ndarray) -> np.ndarray:
        return np.full((len(points), 1), 6 * np.tanh(snapshot - 4.0) - 2, np.float32)

    recordings = {"One": make_recording("One", 60, jumpy)}

    def largest(pace: str) -> float:
        timeline = Timeline.build(recordings, pace=pace)
        return field_steps(recordings, {"One": np.array(positions(timeline, "One"))}).max()

    assert largest("linear") / largest("even_change") >= 10
    still = {"One": make_recording("One", 5, lambda _, points: np.zeros((len(points), 1)))}
    assert positions(Timeline.build(still, pace="even_change"), "One") == [0, 1, 2, 3, 4]


def test_even_change_of_several_models_takes_the_largest(make_recording) -> None:
    def step(at: float) -> Any:
        return lambda snapshot, points: np.full((len(points), 1), 9.0 * (snapshot > at))

    recordings = {"A": make_recording("A", 9, step(1)), "B": make_recording("B", 9, step(6))}
    timeline = Timeline.build(recordings, pace="even_change", frames=5)
    # half of the change is from 1 to 2, half from 6 to 7
    assert positions(timeline, "A")[1:4] == pytest.approx([1.5, 2, 6.5], abs=1e-6) or positions(
        timeline, "A"
    )[1:4] == pytest.approx([1.5, 6, 6.5], abs=1e-6)


def test_holds_are_where_they_were_asked_for(make_recording) -> None:
    one = {"One": make_recording("One", 6)}

    def held(*holds: Hold) -> list[int]:
        return [moment.repeats for moment in Timeline.build(one, fps=10, holds=holds).moments]

    assert held(Hold(100, 0.5)) == [1, 1, 6, 1, 1, 1]
    assert held(Hold(101, 0.5)) == [1, 1, 1, 6, 1, 1]
    assert held(Hold(200, 0.5, "epoch")) == [1, 1, 1, 1, 6, 1]
    assert held(Hold(0.1, 0.5, "second"), Hold(50, 0.2)) == [1, 8, 1, 1, 1, 1]
    assert held(Hold(251, 0.5), Hold(99, 1, "second")) == [1, 1, 1, 1, 1, 16]


def test_holds_past_the_end_are_said(make_recording) -> None:
    holds = [
        Hold(250, 1), Hold(251, 1), Hold(501, 1, "epoch"), Hold(0.5, 1, "second"),
        Hold(0.6, 1, "second"),
    ]  # fmt: skip
    timeline = Timeline.build({"One": make_recording("One", 6)}, fps=10, holds=holds)
    assert timeline.notes == tuple(
        f"timeline.holds[{index}]: {when} never comes; the last frame is held"
        for index, when in ((1, "update 251"), (2, "epoch 501"), (4, "0.6 s"))
    )
    # a plan from counts doesn't know how many updates there will be
    planned = plan_timeline({"One": 6}, fps=10, holds=holds)
    assert planned.notes == timeline.notes[2:]


def test_frames_of_updates_and_cuts(make_recording) -> None:
    timeline = Timeline.build(
        {"One": make_recording("One", 6)}, fps=10, frames=11, hold_first_s=0.5, holds=[Hold(100, 1)]
    )
    assert timeline.moment_starts.tolist() == [0, 6, 7, 8, 9, 20, 21, 22, 23, 24, 25]
    assert [timeline.frame_of("One", update) for update in (0, 1, 50, 100, 101, 250, 251)] == [
        0, 6, 7, 9, 20, 25, None,
    ]  # fmt: skip
    with pytest.raises(InvalidInputError, match="model: must be"):
        timeline.frame_of("Two", 1)
    cut = timeline.split([0, 3, 6, 12, 26])
    assert cut.moment_starts.tolist() == [0, 3, 6, 7, 8, 9, 12, 20, 21, 22, 23, 24, 25]
    assert [moment.index for moment in cut.moments] == list(range(13))
    assert [m.snapshots for m in cut.moments for _ in range(m.repeats)] == [
        m.snapshots for m in timeline.moments for _ in range(m.repeats)
    ]
    assert cut.frame_of("One", 100) == 9
    with pytest.raises(InvalidInputError, match="frames: must be from 0 to 26, got 27"):
        timeline.split([27])


@pytest.mark.parametrize(
    ("options", "frames", "fps"),
    [
        ({}, 7, 20),
        ({"fps": 25}, 7, 25),
        ({"frames": 30}, 30, 20),
        ({"duration_s": 3}, 60, 20),
        ({"frames": 30, "fps": 10}, 30, 10),
        ({"duration_s": 2.5, "fps": 30}, 75, 30),
        ({"frames": 90, "duration_s": 3}, 90, 30),
        ({"duration_s": 0.001}, 1, 20),
        ({"duration_s": 10, "max_frames": 50}, 50, 20),
    ],
)
def test_the_third_follows_from_any_two(options, frames: int, fps: int) -> None:
    timeline = plan_timeline({"a": 7}, **options, hold_last_s=1)
    assert (len(timeline.moments), timeline.fps) == (frames, fps)
    assert timeline.frame_count == frames + fps


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"frames": 10, "fps": 10, "duration_s": 1}, "left out where frames and fps are given"),
        ({"frames": 100, "duration_s": 3}, "100 frames in 3 s, 33.33 a second"),
        ({"frames": 100, "duration_s": 1}, "from 1 to 60, got"),
        ({"frames": 0}, "frames: must be ≥ 1, got 0"),
        ({"duration_s": 0}, "duration: must be > 0, got 0"),
        ({"pace": "liner"}, "timeline.pace: must be .*'linear'"),
        ({"align": "update"}, "timeline.align: must be .*'updates'"),
        ({"easing": "smoth"}, "timeline.easing: must be .*'smooth'"),
    ],
)
def test_what_does_not_go_together_is_refused(options, message: str) -> None:
    with pytest.raises(InvalidInputError, match=message):
        plan_timeline({"a": 7}, **options)


@pytest.mark.parametrize(
    ("hold", "message"),
    [
        (lambda: Hold(-1, 1), "hold.at: must be ≥ 0, got -1"),
        (lambda: Hold(1, float("nan")), "hold.seconds: must be ≥ 0, got nan"),
        (lambda: Hold(1, 1, "epochs"), "hold.unit: must be .*'epoch'"),
    ],
)
def test_holds_that_can_not_be_are_refused(hold, message: str) -> None:
    with pytest.raises(InvalidInputError, match=message):
        hold()


def test_100_000_frames_are_planned_at_once() -> None:
    began = time.process_time()
    timeline = plan_timeline({"a": 100_000}, pace="linear", easing="smooth")
    assert timeline.frame_count == 100_000
    assert time.process_time() - began < 2
