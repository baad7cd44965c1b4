"""Recordings in, frames and files out.

>>> from epochreel.render import BoundaryPanel, Film, Timeline, load_style, write_film
"""

from __future__ import annotations

from epochreel.render.film import Film, Frame
from epochreel.render.fitting import Fit
from epochreel.render.output import write_film
from epochreel.render.panels import PANELS, Panel
from epochreel.render.panels.boundary import BoundaryPanel
from epochreel.render.style import COLORMAPS, STYLES, Style, load_style
from epochreel.render.timeline import Moment, Timeline, plan_timeline
from epochreel.render.writers import FORMATS, WRITERS, Writer, open_writer

__all__ = [
    "COLORMAPS",
    "FORMATS",
    "PANELS",
    "STYLES",
    "WRITERS",
    "BoundaryPanel",
    "Film",
    "Fit",
    "Frame",
    "Moment",
    "Panel",
    "Style",
    "Timeline",
    "Writer",
    "load_style",
    "open_writer",
    "plan_timeline",
    "write_film",
]
