"""Films shared out: closed forms of common cases, and what holds for all."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from epochreel.scenes.sharing import share_out

ANY = 100


@pytest.mark.parametrize(
    ("costs", "workers", "parts"),
    [
        ([4.0], 1, [1]),
        ([4.0], 2, [2]),
        ([4.0, 4.0], 2, [1, 1]),
        # the ready-made scenes together, a scene of one video and its small GIF, an odd one
        ([4.2, 4.0, 1.1, 1.0], 2, [1, 1, 1, 1]),
        ([4.0, 1.0], 2, [2, 2]),
        ([1.0, 1.0, 1.0], 2, [1, 1, 2]),
        ([1.0, 1.0], 4, [2, 2]),
        ([1.0] * 5, 4, [1, 1, 1, 1, 3]),
        ([3.0, 0.0], 2, [2, 1]),
        ([], 2, []),
        ([0.0, 0.0], 2, [1, 1]),
    ],
)
def test_common_cases(costs: list[float], workers: int, parts: list[int]) -> None:
    assert share_out(costs, [ANY] * len(costs), workers) == parts


def test_a_film_has_no_more_parts_than_it_can() -> None:
    assert share_out([4.0, 1.0], [1, ANY], 2) == [1, 1]
    assert share_out([9.0], [3], 8) == [3]


@given(
    st.lists(st.floats(0, 1e9), min_size=1, max_size=9).map(lambda c: sorted(c, reverse=True)),
    st.integers(1, 16),
)
def test_no_worker_gets_much_more_than_its_share(costs: list[float], workers: int) -> None:
    loads = [0.0] * workers
    for cost, parts in zip(costs, share_out(costs, [ANY] * len(costs), workers), strict=True):
        assert 1 <= parts <= workers
        loads.sort()
        for index in range(parts):
            loads[index] += cost / parts
    assert max(loads) <= 1.3 * sum(costs) / workers + 1e-6 * sum(costs)
