"""Rectangles that never overlap, and digits that look like Matplotlib's and never jitter."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from epochreel.render.layout import lay_out
from epochreel.render.numerals import format_metric
from epochreel.render.style import STYLES, TypeScale, load_style
from epochreel.render.text import (
    DPI,
    NumberSlot,
    WordMasks,
    font_properties,
    points,
    text_width,
)


@given(
    width=st.integers(200, 3840),
    height=st.integers(200, 2160),
    panels=st.integers(1, 9),
    header=st.booleans(),
    subtitles=st.booleans(),
    strip=st.booleans(),
)
def test_slots_share_a_grid_inside_the_frame(
    width: int, height: int, panels: int, header: bool, subtitles: bool, strip: bool
) -> None:
    layout = lay_out(
        (width, height), panels, tick_width=0.05 * min(width, height),
        header=header, subtitles=subtitles, strip=strip,
    )  # fmt: skip
    assert len(layout.slots) == panels
    assert len({(slot.body.width, slot.body.height) for slot in layout.slots}) == 1
    for slot in layout.slots:
        assert slot.body.left >= 0
        assert slot.body.top >= 0
        assert slot.body.right <= width
        assert slot.title_baseline < slot.body.top
        assert (slot.strip is not None) == strip
    bodies = [slot.body for slot in layout.slots]
    for index, one in enumerate(bodies):
        for other in bodies[index + 1 :]:
            assert (
                one.right <= other.left
                or other.right <= one.left
                or one.bottom <= other.top
                or other.bottom <= one.top
            )


def test_half_the_size_is_the_same_picture_at_half_scale() -> None:
    options = {"header": True, "subtitles": True, "strip": True}
    large = lay_out((1600, 1200), 2, tick_width=60, **options)
    small = lay_out((800, 600), 2, tick_width=30, **options)
    for big, little in zip(large.slots, small.slots, strict=True):
        for name in ("left", "top", "width", "height"):
            assert abs(getattr(big.body, name) - 2 * getattr(little.body, name)) <= 2


@pytest.mark.parametrize("size", [(1600, 1200), (800, 600), (1920, 1080), (1080, 1080)])
def test_type_is_on_a_scale_and_large_enough(size: tuple[int, int]) -> None:
    scale = TypeScale.of_size(size)
    assert scale.small >= 0.016 * size[1]
    sizes = [scale.small, scale.body, scale.heading, scale.title]
    np.testing.assert_allclose(np.divide(sizes[1:], sizes[:-1]), 1.25)


@pytest.mark.parametrize("style", STYLES)
def test_text_has_contrast(style: str) -> None:
    look = load_style(style)

    def luminance(color: tuple[int, int, int]) -> float:
        """Relative luminance. Source: WCAG 2.2, definition of contrast ratio."""
        linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4
                  for c in (channel / 255 for channel in color)]  # fmt: skip
        return float(np.dot([0.2126, 0.7152, 0.0722], linear))

    def contrast(one: tuple[int, int, int], two: tuple[int, int, int]) -> float:
        high, low = sorted([luminance(one), luminance(two)], reverse=True)
        return (high + 0.05) / (low + 0.05)

    assert contrast(look.ink, look.ground) >= 7
    assert contrast(look.muted, look.ground) >= 4.5
    for band in look.band_colors(25):
        color = (int(band[0]), int(band[1]), int(band[2]))
        assert max(contrast(look.isoline, color), contrast(look.halo, color)) >= 3


@pytest.mark.parametrize("size_px", [12.3, 24.6, 48.0])
@pytest.mark.parametrize("weight", ["normal", "semibold"])
def test_every_digit_looks_like_matplotlib_s(size_px: float, weight: str) -> None:
    ink, ground = (236, 239, 244), (13, 17, 25)
    for character in "0123456789.-e":
        canvas = np.full((80, 60, 4), (*ground, 255), np.uint8)
        NumberSlot.create(10, 60, size_px, weight, ink, ground).draw(canvas, character)
        figure = Figure(figsize=(60 / DPI, 80 / DPI), dpi=DPI, facecolor=np.array(ground) / 255)
        figure.text(
            10 / 60, 1 - 60 / 80, character.replace("-", "−"),
            fontproperties=font_properties(size_px, weight), color=np.array(ink) / 255,
        )  # fmt: skip
        drawing = FigureCanvasAgg(figure)
        drawing.draw()
        expected = np.asarray(drawing.buffer_rgba())
        assert np.abs(canvas.astype(int) - expected).max() <= 2, character


def test_digits_have_one_width() -> None:
    slot = NumberSlot.create(0, 20, 17.3, "semibold", (255, 255, 255), (0, 0, 0))
    assert len({slot.width(str(digit)) for digit in range(10)}) == 1
    assert slot.width("0.1234") == slot.width("0.9870")


def test_a_slot_at_the_edge_is_cut_not_crashed() -> None:
    slot = NumberSlot.create(25, 8, 20, "normal", (255, 255, 255), (0, 0, 0))
    canvas = np.zeros((10, 30, 4), np.uint8)
    slot.draw(canvas, "12345")
    assert canvas.any()


@given(st.floats(0, 1e9) | st.floats(0, 20))
def test_metrics_keep_their_width(value: float) -> None:
    text = format_metric(value)
    assert len(text) == 6
    assert float(text) == pytest.approx(value, rel=0.4, abs=1e-4)


def test_metrics_that_are_no_numbers() -> None:
    slot = NumberSlot.create(0, 20, 17, "normal", (255, 255, 255), (0, 0, 0))
    for value in (float("nan"), float("inf"), -0.25, 1e30):
        canvas = np.zeros((30, 120, 4), np.uint8)
        slot.draw(canvas, format_metric(value))
        assert canvas.any()


def test_text_width_is_matplotlib_s_own() -> None:
    figure = Figure(dpi=DPI)
    canvas = FigureCanvasAgg(figure)
    text = figure.text(0, 0, "test accuracy 0.950", fontproperties=font_properties(30))
    measured = text.get_window_extent(canvas.get_renderer()).width
    assert text_width("test accuracy 0.950", 30) == pytest.approx(measured, abs=1)
    assert points(30) == pytest.approx(30 * 72 / 64)


@pytest.mark.parametrize("size_px", [7.4, 9.225, 12.0, 18.45, 30.0])
@pytest.mark.parametrize("weight", ["normal", "semibold"])
@pytest.mark.parametrize("text", ["0.4165", "\N{MINUS SIGN}1.67", "sigmoid", "1.000"])
def test_stamped_words_are_as_wide_as_they_are_measured(
    text: str, weight: str, size_px: float
) -> None:
    canvas = np.zeros((60, 400, 4), np.uint8)
    WordMasks().stamp(canvas, 20, 40, text, size_px, (255, 255, 255), weight, "left")
    columns = np.flatnonzero(canvas[:, :, 0].any(axis=0))
    assert columns[-1] + 1 - 20 <= text_width(text, size_px, weight) + 1.5
