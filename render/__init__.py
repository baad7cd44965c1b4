"""Recordings in, frames and files out.

>>> from epochreel.render import BoundaryPanel, Film, Timeline, load_style, write_film
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from epochreel.render.captions import Caption
    from epochreel.render.film import Film, Frame
    from epochreel.render.fitting import Fit
    from epochreel.render.looks import COLORMAPS, STYLES
    from epochreel.render.output import write_film
    from epochreel.render.panels import PANELS, Panel
    from epochreel.render.panels.boundary import BoundaryPanel
    from epochreel.render.stills import write_still
    from epochreel.render.style import Style, load_style
    from epochreel.render.timeline import Hold, Moment, Timeline, TimelineOptions, plan_timeline
    from epochreel.render.writers import FORMATS, STILLS, WRITERS, Writer, open_writer

__all__ = [
    "COLORMAPS",
    "FORMATS",
    "PANELS",
    "STILLS",
    "STYLES",
    "WRITERS",
    "BoundaryPanel",
    "Caption",
    "Film",
    "Fit",
    "Frame",
    "Hold",
    "Moment",
    "Panel",
    "Style",
    "Timeline",
    "TimelineOptions",
    "Writer",
    "load_style",
    "open_writer",
    "plan_timeline",
    "write_film",
    "write_still",
]

# on use: whoever checks a scene has no need of Matplotlib
_HOMES = {
    "BoundaryPanel": "panels.boundary",
    "COLORMAPS": "looks",
    "Caption": "captions",
    "FORMATS": "writers",
    "Film": "film",
    "Fit": "fitting",
    "Frame": "film",
    "Hold": "timeline",
    "Moment": "timeline",
    "PANELS": "panels",
    "Panel": "panels",
    "STILLS": "writers",
    "STYLES": "looks",
    "Style": "style",
    "Timeline": "timeline",
    "TimelineOptions": "timeline",
    "WRITERS": "writers",
    "Writer": "writers",
    "load_style": "style",
    "open_writer": "writers",
    "plan_timeline": "timeline",
    "write_film": "output",
    "write_still": "stills",
}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
