"""Time is part of the look: holds, order and counts for any number of snapshots."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from epochreel.nn.errors import InvalidInputError
from epochreel.render.timeline import Timeline, plan_timeline

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
