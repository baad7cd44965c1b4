"""Principal components whose signs don't depend on the machine."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

__all__ = ["Principal", "principal"]

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Principal:
    """The directions in which points differ most.

    Attributes
    ----------
    mean : (dimensions,) array
    directions : (components, dimensions) array
        Of length 1, the one along which they differ most first; zeros where there is none.
    shares : (components,) array
        Part of the variance along each.
    """

    mean: Floats
    directions: Floats
    shares: Floats

    def project(self, points: Floats) -> Floats:
        """Give the coordinates of points, (points, components)."""
        return (points - self.mean) @ self.directions.T


def principal(points: Floats, components: int) -> Principal:
    """Find principal components.

    Of few points in many dimensions they are found from the products of the points with one
    another, of many in few from those of the dimensions.

    Parameters
    ----------
    points : (points, dimensions) array
    components : int

    Returns
    -------
    Principal
        The greatest entry of each direction is positive.
    """
    mean = points.mean(axis=0)
    away = points - mean
    few = len(away) < away.shape[1]
    products = away @ away.T if few else away.T @ away
    values, vectors = np.linalg.eigh(products)
    values, vectors = values[::-1][:components], vectors[:, ::-1][:, :components].T
    total = float((away**2).sum())
    # what rounding leaves of a variance that is none
    real = values > 1e-10 * max(total, 1e-300)
    directions = np.zeros((components, away.shape[1]))
    for index in np.flatnonzero(real):
        found = vectors[index] @ away if few else vectors[index]
        found = found / np.linalg.norm(found)
        directions[index] = found * np.sign(found[np.argmax(np.abs(found))])
    shares = np.zeros(components)
    shares[: len(values)] = np.where(real, values, 0.0) / total if total else 0.0
    return Principal(mean, directions, shares)
