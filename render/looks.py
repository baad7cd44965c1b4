"""The names of styles and colour maps, for whoever only needs to know which there are.

Apart from :mod:`epochreel.render.style`, which loads Matplotlib, so that a scene is checked, and a
typo answered, half a second sooner.
"""

from __future__ import annotations

from collections.abc import Mapping

__all__ = ["COLORMAPS", "STYLES"]

STYLES: Mapping[str, str] = {
    "dark": "near-black ground, for slides and video",
    "light": "warm white with a faint grid, for blogs and print",
}

# All of them are diverging with their middle at p = 0.5, or rise steadily in lightness, so that a
# fixed scale over [0, 1] means the same everywhere. ``safe`` ones keep their order for readers with
# a colour-vision deficiency (ColorBrewer 2.0 for PuOr and RdYlBu; Nuñez et al. 2018 for cividis).
COLORMAPS: Mapping[str, str] = {
    "Spectral": "red to violet through pale yellow, as published",
    "PuOr": "orange to purple, safe for colour-vision deficiencies",
    "RdYlBu": "red to blue through pale yellow, safe for colour-vision deficiencies",
    "cividis": "dark blue to yellow, even in lightness, safe for colour-vision deficiencies",
}
