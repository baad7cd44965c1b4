"""Text that puts a film into a web page, a README or a paper.

All of it comes from scenes that may be a stranger's, so nothing of it may be more than text there.
"""

from __future__ import annotations

import re
from html import escape
from pathlib import PurePosixPath
from urllib.parse import quote

from epochreel.render.writers import format_of
from epochreel.scenes.film_record import Snippets

__all__ = ["MEDIA_TYPES", "VIDEOS", "latex_text", "make_snippets", "url_of"]

VIDEOS = (".mp4", ".webm")
IMAGES = (".gif", ".webp", ".apng", ".png", ".svg")
"""What browsers show as a picture."""

MEDIA_TYPES = {
    ".mp4": "video/mp4",
    ".webm": "video/webm",
    ".gif": "image/gif",
    ".webp": "image/webp",
    ".apng": "image/apng",
    ".png": "image/png",
    ".svg": "image/svg+xml",
    ".pdf": "application/pdf",
    "/": "image/png",
}

_MATHS = (
    r"α\alpha β\beta γ\gamma δ\delta ε\varepsilon ζ\zeta η\eta θ\theta ι\iota κ\kappa λ\lambda "
    r"μ\mu ν\nu ξ\xi π\pi ρ\rho σ\sigma τ\tau φ\varphi χ\chi ψ\psi ω\omega Γ\Gamma Δ\Delta Θ\Theta "
    r"Λ\Lambda Ξ\Xi Π\Pi Σ\Sigma Φ\Phi Ψ\Psi Ω\Omega "
    r"−- ∂\partial ∇\nabla →\rightarrow ≤\leq ≥\geq ≈\approx ≠\neq ∞\infty √\surd"
)
_LATEX = {
    "\\": r"\textbackslash{}",
    "{": r"\{",
    "}": r"\}",
    "$": r"\$",
    "&": r"\&",
    "#": r"\#",
    "_": r"\_",
    "%": r"\%",
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
    "<": r"\textless{}",
    ">": r"\textgreater{}",
    "|": r"\textbar{}",
    '"': r"\char34{}",  # \textquotedbl needs another font encoding than the usual one
    **{word[0]: rf"\ensuremath{{{word[1:]}}}" for word in _MATHS.split()},
    **{sign: rf"\textsubscript{{{n}}}" for n, sign in enumerate("₀₁₂₃₄₅₆₇₈₉")},
    **{sign: rf"\textsuperscript{{{n}}}" for n, sign in enumerate("⁰¹²³⁴⁵⁶⁷⁸⁹")},
}
_MARKDOWN = re.compile(r"([\\`*_{}\[\]<>()#!|&~])")
_NO_LATEX_NAME = re.compile(r"[%#{}~^\\$&]")


def make_snippets(
    path: str,
    *,
    size_px: tuple[int, int],
    poster: str | None,
    alt: str,
    caption: str,
    frames: int = 1,
    duration_s: float = 0.0,
) -> Snippets:
    """Write the three for one file.

    Parameters
    ----------
    path, poster : str
        As they are reached from where the text will stand, parts joined by ``/``.
    size_px : tuple of int
    alt, caption : str
    frames : int
    duration_s : float
        With `frames`, the pace of a folder of frames.
    """
    rate = frames / duration_s if duration_s else 1.0
    return Snippets(
        html=_html(path, size_px, poster, alt, caption),
        markdown=_markdown(path, poster, alt),
        latex=_latex(path, poster, caption, frames, rate),
    )


def url_of(path: str) -> str:
    """Escape a path for a link; it stays relative also when it holds a colon."""
    return quote(path, safe="/-._~")


def latex_text(text: str) -> str:
    """Escape a text so that LaTeX prints it as it is, on one line.

    Greek letters and signs of mathematics are written out, since pdfLaTeX knows none of them; the
    letters of other scripts need LuaLaTeX and a font that has them.
    """
    return "".join(_LATEX.get(char, char) for char in " ".join(text.split()))


def _html(path: str, size_px: tuple[int, int], poster: str | None, alt: str, caption: str) -> str:
    url, words, below = url_of(path), escape(alt), escape(caption)
    size = f'width="{size_px[0]}" height="{size_px[1]}" style="max-width: 100%; height: auto"'
    shown = url_of(poster) if poster else None
    suffix = format_of(PurePosixPath(path))
    if suffix in VIDEOS:
        picture = f' poster="{shown}"' if shown else ""
        media = (
            f'<video src="{url}"{picture} {size} controls muted loop playsinline '
            f'preload="none" aria-label="{words}"><a href="{url}">{below}</a></video>'
        )
    elif suffix in IMAGES:
        media = f'<img src="{url}" {size} alt="{words}" loading="lazy">'
    elif shown:
        media = f'<a href="{url}"><img src="{shown}" {size} alt="{words}" loading="lazy"></a>'
    else:
        media = f'<a href="{url}">{words}</a>'
    return f"<figure>\n  {media}\n  <figcaption>{below}</figcaption>\n</figure>"


def _markdown(path: str, poster: str | None, alt: str) -> str:
    url = url_of(path)
    words = _MARKDOWN.sub(r"\\\1", " ".join(alt.split()))
    if format_of(PurePosixPath(path)) in IMAGES:
        return f"![{words}]({url})"
    return f"[![{words}]({url_of(poster)})]({url})" if poster else f"[{words}]({url})"


def _latex(path: str, poster: str | None, caption: str, frames: int, rate: float) -> str:
    suffix = format_of(PurePosixPath(path))
    shown = path if suffix in {".png", ".pdf"} else poster
    head = ""
    if suffix == "/":
        head = "% needs \\usepackage{animate}; plays in some PDF readers\n"
        folder = path.removesuffix("/")
        picture = (
            f"\\animategraphics[width=\\linewidth,controls]{{{rate:g}}}"
            f"{{{folder}/}}{{00000}}{{{frames - 1:05d}}}"
        )
    elif suffix == ".svg":
        head = "% needs \\usepackage{svg} and Inkscape; a PDF output needs neither\n"
        picture = f"\\includesvg[width=\\linewidth]{{{path.removesuffix('.svg')}}}"
    elif shown is None:
        return f"% LaTeX can't show {_comment(path)}; add a PDF or PNG output to the scene"
    else:
        picture = f"\\includegraphics[width=\\linewidth]{{{shown}}}"
        if shown != path:
            head = f"% the last moment of {_comment(path)}\n"
    if _NO_LATEX_NAME.search(path):
        head += f"% LaTeX can't read a file of this name; rename it: {_comment(path)}\n"
        picture = f"% {_comment(picture)}"
    return (
        f"{head}\\begin{{figure}}\n  \\centering\n  {picture}\n"
        f"  \\caption{{{latex_text(caption)}}}\n\\end{{figure}}"
    )


def _comment(path: str) -> str:
    return " ".join(path.split())
