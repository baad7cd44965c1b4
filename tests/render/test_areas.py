"""Where panels stand when a scene draws it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from epochreel.nn.errors import InvalidInputError
from epochreel.render.areas import Arrangement, Place
from epochreel.render.arrangement import arrange
from epochreel.render.panels import Outline


def test_letters_stand_for_panels() -> None:
    found = Arrangement.of_areas(["A A B", "A A .", "C C C"], column_weights=[2, 1, 1])
    assert found.places == (Place(0, 0, 2, 2), Place(0, 2), Place(2, 0, 1, 3))
    assert found.row_weights == (1, 1, 1)
    assert found.column_weights == (2, 1, 1)


@pytest.mark.parametrize(
    ("areas", "weights", "message"),
    [
        ([], {}, "areas: must have at least one row with one letter, got none"),
        ([""], {}, "areas: must have at least one row"),
        (["A B", "A"], {}, r"areas\[1\]: must have 2 letters with spaces between.*got 1"),
        (["A B", "B A"], {}, "areas: the cells of 'A' must make a rectangle"),
        (["A C"], {}, "areas: must name the panels A, B, C, … in their order, got 'C' without 'B'"),
        (["A b"], {}, "got 'b' without 'B'"),
        (["A AB"], {}, "got 'AB' without 'B'"),
        (["A B"], {"column_weights": [1]}, "column_weights: must have 2 entries, got 1"),
        (["A B"], {"row_weights": [0]}, r"row_weights\[0\]: must be > 0 and ≤ 100, got 0"),
    ],
)
def test_what_is_no_drawing_is_refused(areas: list[str], weights: dict, message: str) -> None:
    with pytest.raises(InvalidInputError, match=message):
        Arrangement.of_areas(areas, **weights)


def test_a_last_row_that_isn_t_full_is_filled() -> None:
    assert Arrangement.regular(5, 3).places[-1] == Place(1, 1, 1, 2)
    assert Arrangement.regular(4, 2).places[-1] == Place(1, 1, 1, 1)


@given(
    size=st.tuples(st.integers(320, 2400), st.integers(320, 2400)),
    outlines=st.lists(
        st.builds(
            Outline,
            tick_width=st.floats(0, 40),
            title_width=st.floats(0, 90),
            numbers_width=st.floats(0, 200),
            strip_width=st.floats(0, 120),
            subtitle=st.booleans(),
            foot=st.one_of(st.none(), st.floats(0, 30)),
        ),
        min_size=3,
        max_size=3,
    ),
    lines=st.integers(0, 2),
)
def test_bodies_are_flush_and_cells_never_overlap(
    size: tuple[int, int], outlines: list[Outline], lines: int
) -> None:
    places = Arrangement.of_areas(["A A B", "A A C"])
    layout = arrange(size, outlines, places, header=True, caption_lines=lines)
    first, second, third = layout.slots
    assert first.body.top == second.body.top
    assert second.body.left == third.body.left
    assert abs(second.body.right - third.body.right) <= 1
    if first.strip is None and third.strip is None:
        assert abs(first.body.bottom - third.body.bottom) <= 1
    assert first.cell.right < second.cell.left
    assert second.cell.bottom < third.cell.top
    for slot in layout.slots:
        assert slot.cell.left <= slot.body.left
        assert slot.body.right <= slot.cell.right + 1
        assert slot.cell.bottom < layout.footer_baseline
    assert (layout.captions is not None) == (lines > 0)
    if layout.captions is not None:
        assert third.cell.bottom <= layout.captions.top


def test_weights_are_shares() -> None:
    places = Arrangement.of_areas(["A B"], column_weights=[3, 1])
    layout = arrange((1600, 900), [Outline(), Outline()], places, header=False)
    wide, narrow = (slot.cell.width for slot in layout.slots)
    assert wide / narrow == pytest.approx(3, rel=0.01)


def test_bodies_of_equal_weights_are_equally_large_whatever_stands_around_them() -> None:
    outlines = [
        Outline(tick_width=40, title_width=100, subtitle=True),
        Outline(tick_width=40, title_width=100, numbers_width=2000),
        Outline(title_width=100, subtitle=True),
        Outline(title_width=100, foot=60.0),
    ]
    places = Arrangement.of_areas(["A C", "B D"])
    slots = arrange((1600, 1200), outlines, places, header=True).slots
    assert slots[1].strip is not None
    heights = [slot.body.height for slot in slots[:3]]
    assert max(heights) - min(heights) <= 1
    widths = [slot.body.width for slot in slots]
    assert max(widths) - min(widths) <= 1
    weighted = Arrangement.of_areas(["A C", "B D"], row_weights=[3, 1])
    upper, lower = arrange((1600, 1200), outlines, weighted, header=True).slots[:2]
    assert upper.body.height / lower.body.height == pytest.approx(3, rel=0.02)


def test_a_frame_without_room_for_bodies_has_equal_cells() -> None:
    places = Arrangement.of_areas(["A", "B"])
    outlines = [Outline(title_width=20, subtitle=True), Outline(foot=60.0)]
    first, second = arrange((120, 90), outlines, places, header=True).slots
    assert abs(first.cell.height - second.cell.height) <= 1
    assert min(first.body.height, second.body.height) >= 1
