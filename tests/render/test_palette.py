"""One palette for a film: exact where areas are, near everywhere."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from epochreel.render.palette import MOST_COLORS, PaletteMap, make_palette


def areas_and_noise(seed: int, noisy: int) -> np.ndarray:
    rng = np.random.default_rng(seed)
    frame = np.zeros((64, 64, 3), np.uint8)
    frame[:, :32] = (200, 30, 60)
    frame[:, 32:] = (13, 17, 25)
    rows = rng.integers(0, 64, noisy)
    frame[rows, rng.integers(0, 64, noisy)] = rng.integers(0, 256, (noisy, 3))
    return opaque(frame)


def opaque(frame: np.ndarray) -> np.ndarray:
    return np.dstack([frame, np.full(frame.shape[:2], 255, np.uint8)])


@given(seed=st.integers(0, 50), noisy=st.integers(0, 2000))
@settings(max_examples=15, deadline=None)
def test_palette_is_small_and_areas_are_exact(seed: int, noisy: int) -> None:
    frame = areas_and_noise(seed, noisy)
    palette = make_palette([frame])
    assert palette.shape[1] == 3
    assert 2 <= len(palette) <= MOST_COLORS
    shown = palette[PaletteMap(palette).indices(frame)]
    rgb = frame[..., :3]
    area = (rgb == (200, 30, 60)).all(axis=2) | (rgb == (13, 17, 25)).all(axis=2)
    np.testing.assert_array_equal(shown[area], rgb[area])


def test_few_colours_are_all_kept() -> None:
    rng = np.random.default_rng(1)
    colors = rng.permutation(np.arange(0, 256, 8))[:, None].repeat(3, axis=1).astype(np.uint8)
    frame = opaque(colors[rng.integers(0, len(colors), (40, 40))])
    palette = make_palette([frame])
    np.testing.assert_array_equal(palette[PaletteMap(palette).indices(frame)], frame[..., :3])


def test_shades_between_are_near() -> None:
    ramp = np.linspace(0, 255, 4096).astype(np.uint8)
    frame = np.stack([ramp, ramp[::-1], np.full_like(ramp, 90)], axis=1)
    frame = opaque(frame.reshape(64, 64, 3))
    palette = make_palette([frame])
    shown = palette[PaletteMap(palette).indices(frame)].astype(int)
    assert np.abs(shown - frame[..., :3]).max() <= 4


def test_same_frames_same_palette() -> None:
    frame = areas_and_noise(3, 3000)
    np.testing.assert_array_equal(make_palette([frame]), make_palette([frame.copy()]))
