"""RGBA pixels as single numbers: one copy, look-up or comparison of 32 bits in place of four."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

__all__ = ["pack", "unpack"]


def pack(colors: npt.NDArray[np.uint8]) -> npt.NDArray[np.uint32]:
    """View colours as numbers.

    Parameters
    ----------
    colors : ndarray of uint8, shape (…, 3) or (…, 4)
        RGB, which is made opaque, or RGBA.

    Returns
    -------
    ndarray of uint32, shape (…)
        In the machine's own order of bytes: only good for :func:`unpack` and comparing.
    """
    if colors.shape[-1] == 3:
        opaque = np.full((*colors.shape[:-1], 1), 255, np.uint8)
        colors = np.concatenate([colors, opaque], axis=-1)
    return np.ascontiguousarray(colors).view(np.uint32)[..., 0]


def unpack(values: npt.NDArray[np.uint32]) -> npt.NDArray[np.uint8]:
    """View numbers from :func:`pack` as RGBA, shape (…, 4)."""
    return np.ascontiguousarray(values)[..., None].view(np.uint8)
