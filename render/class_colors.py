"""Colours of many classes: a palette that can be told apart, and mixtures of its colours.

Mixed are OKLab's cone responses. Halfway between two colours then looks like both in equal parts;
mixed as sRGB, halves of blue and orange are a dirty grey that is darker than either.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from matplotlib.colors import to_rgb

__all__ = ["CLASS_COLORS", "class_palette", "mixed_colors", "responses"]

_Floats = npt.NDArray[np.float32]

CLASS_COLORS = (
    "#3f90da", "#ffa90e", "#bd1f01", "#832db6", "#92dadd",
    "#a96b59", "#e76300", "#94a4a2", "#b9ac70", "#717581",
)  # fmt: skip
"""Ten colours of like weight, in an order in which the first few are safe for colour-vision
deficiencies.

Source: M. A. Petroff, Accessible color sequences for data visualization, arXiv:2107.02270; the
greys, which are also what mixtures look like, come later here.
"""

# Source: B. Ottosson, A perceptual color space for image processing (2020).
_TO_CONES = np.array(
    [
        [0.4122214708, 0.5363325363, 0.0514459929],
        [0.2119034982, 0.6806995451, 0.1073969566],
        [0.0883024619, 0.2817188376, 0.6299787005],
    ]
)
_FROM_CONES = np.linalg.inv(_TO_CONES).astype(np.float32)

_STEPS = 4096
"""Entries between no light and full light; one is less than a level of eight bits."""


def _as_bytes(light: npt.NDArray[np.float64]) -> npt.NDArray[np.uint8]:
    dark = 12.92 * light
    rest = 1.055 * np.maximum(light, 0.0031308) ** (1 / 2.4) - 0.055
    return np.rint(255 * np.where(light <= 0.0031308, dark, rest)).astype(np.uint8)


_BYTES = _as_bytes(np.arange(_STEPS) / (_STEPS - 1))


def class_palette(classes: int) -> npt.NDArray[np.uint8]:
    """Give each class its colour, (classes, 3); they begin anew after ten."""
    named = [to_rgb(CLASS_COLORS[index % len(CLASS_COLORS)]) for index in range(classes)]
    return np.rint(255 * np.array(named)).astype(np.uint8)


def responses(colors: npt.NDArray[np.uint8]) -> _Floats:
    """Turn colours, (colors, 3), into what can be mixed: shape (3, colors)."""
    share = colors / 255
    light = np.where(share <= 0.04045, share / 12.92, ((share + 0.055) / 1.055) ** 2.4)
    return np.cbrt(_TO_CONES @ light.T).astype(np.float32)


def mixed_colors(weights: _Floats, mixable: _Floats) -> npt.NDArray[np.uint8]:
    """Mix colours.

    Parameters
    ----------
    weights : ndarray of float32, shape (colors, mixtures)
        Shares that sum to one in each mixture.
    mixable : ndarray of float32, shape (3, colors)
        From :func:`responses`.

    Returns
    -------
    ndarray of uint8, shape (mixtures, 4)
        RGBA, opaque.
    """
    cones = mixable.dot(weights)
    cones *= cones * cones
    light = (_FROM_CONES * np.float32(_STEPS - 1)).dot(cones)
    light += np.float32(0.5)
    mixed = np.empty((weights.shape[1], 4), np.uint8)
    mixed[:, 3] = 255
    for channel in range(3):
        # what rounding or a mixture puts outside of the screen's colours is cut off
        mixed[:, channel] = np.take(_BYTES, light[channel].astype(np.int32), mode="clip")
    return mixed
