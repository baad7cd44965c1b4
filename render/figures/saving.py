"""Figures as files: SVG and PDF with text that stays text, in the bundled font; PNG.

An SVG carries the signs it uses of the font, so that it looks the same wherever it is opened. There
are no dates in a file: the same figure gives the same bytes.
"""

from __future__ import annotations

import base64
import io
import re
from pathlib import Path
from typing import Any
from xml.sax.saxutils import escape

import matplotlib

from epochreel.render.stills import appearing, still_suffix, write_figure
from epochreel.render.style import Style, text_font

__all__ = ["save_figure"]

_FAMILY = "IBM Plex Sans"
_WEIGHTS = {"normal": 400, "semibold": 600}
_TEXT = re.compile(r"<text[^>]*>(.*?)</text>", re.DOTALL)
_ENTITIES = {"&amp;": "&", "&lt;": "<", "&gt;": ">"}


def save_figure(
    figure: Any, path: Path, style: Style, *, title: str = "", alt: str = ""
) -> tuple[int, int]:
    """Write a figure.

    Parameters
    ----------
    figure : matplotlib.figure.Figure
        Of :mod:`epochreel.render.figures`.
    path : Path
        Ends in ``.svg``, ``.pdf`` or ``.png``.
    style : Style
    title, alt : str
        What it is, and what it shows in words for those who can't see it: kept in an SVG.

    Returns
    -------
    tuple of int
        Width and height of the PNG there is or would be, in pixels.

    Raises
    ------
    InvalidInputError
        For an unknown ending.
    OutputError
        When the file can't be written.
    """
    suffix = still_suffix(path)
    with style.context():
        if suffix == ".svg":
            text = _svg(figure, title, alt)
            with appearing(path) as partial:
                partial.write_bytes(text.encode())
        else:
            write_figure(figure, path)
    width, height = figure.get_size_inches() * figure.dpi
    return round(float(width)), round(float(height))


def _svg(figure: Any, title: str, alt: str) -> str:
    """Draw with text as text, and put the font beside it."""
    mpl: Any = matplotlib
    stream = io.StringIO()
    fixed = {"svg.hashsalt": "epochreel", "svg.fonttype": "none", "image.composite_image": False}
    with mpl.rc_context(fixed):
        figure.savefig(stream, format="svg", metadata={"Date": None})
    drawn = stream.getvalue()
    used = "".join(_TEXT.findall(drawn))
    for entity, sign in _ENTITIES.items():
        used = used.replace(entity, sign)
    faces = "".join(
        f"@font-face{{font-family:'{_FAMILY}';font-weight:{number};"
        f"src:url(data:font/woff;base64,{_subset(weight, used)}) format('woff')}}"
        for weight, number in _WEIGHTS.items()
    )
    style = f'<style type="text/css">{faces}</style>'
    head, tag, body = drawn.partition("<metadata>")
    words = "".join(
        f"<{name}>{escape(text)}</{name}>\n "
        for name, text in (("title", title), ("desc", alt))
        if text
    )
    body = body.replace("<defs>", f"<defs>\n  {style}", 1)
    return f"{head}{words}{tag}{body}"


def _subset(weight: str, used: str) -> str:
    """Cut the font down to some signs: 6 kB instead of 200."""
    # here, as only an SVG needs it, and it takes 0.2 s to load
    from fontTools import subset  # pyright: ignore[reportMissingTypeStubs]

    module: Any = subset
    options = module.Options(flavor="woff", layout_features=["kern"], notdef_outline=True)
    stream = io.BytesIO()
    with module.load_font(text_font(weight), options) as font:
        cutter = module.Subsetter(options)
        cutter.populate(text=used)
        cutter.subset(font)
        module.save_font(font, stream, options)
    return base64.b64encode(stream.getvalue()).decode("ascii")
