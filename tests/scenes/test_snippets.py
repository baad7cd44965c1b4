from __future__ import annotations

import re
from html.parser import HTMLParser
from typing import Any
from urllib.parse import unquote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from epochreel.render.writers import STILLS, WRITERS
from epochreel.scenes.film_record import Snippets
from epochreel.scenes.snippets import MEDIA_TYPES, latex_text, make_snippets, url_of

HOSTILE = "</script><img src=x onerror=alert(1)> \"two\" 'one' & \\end{figure} 100 % _a_ [b](c) $x$"


def snippets(path: str, poster: str | None = "a.poster.png", **more: Any) -> Snippets:
    words: dict[str, Any] = {"alt": "alt", "caption": "caption", **more}
    return make_snippets(path, size_px=(800, 600), poster=poster, **words)


class Tags(HTMLParser):
    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.text += data


def test_every_format_has_a_media_type() -> None:
    assert set(MEDIA_TYPES) == {*WRITERS, *STILLS}


def test_a_video_for_the_web() -> None:
    html = Tags(snippets("sub dir/a.mp4").html)
    assert [tag for tag, _ in html.tags] == ["figure", "video", "a", "figcaption"]
    video = html.tags[1][1]
    assert video["src"] == "sub%20dir/a.mp4"
    assert video["poster"] == "a.poster.png"
    assert (video["width"], video["height"]) == ("800", "600")
    assert video["aria-label"] == "alt"
    assert {"controls", "muted", "loop", "playsinline"} <= set(video)
    assert "poster" not in Tags(snippets("a.mp4", None).html).tags[1][1]


@pytest.mark.parametrize("suffix", ["gif", "webp", "apng", "png", "svg"])
def test_pictures_are_pictures(suffix: str) -> None:
    made = snippets(f"a.{suffix}")
    tag, image = Tags(made.html).tags[1]
    assert (tag, image["src"], image["alt"]) == ("img", f"a.{suffix}", "alt")
    assert made.markdown == f"![alt](a.{suffix})"


@pytest.mark.parametrize("path", ["a.mp4", "a.webm", "a.pdf", "frames/"])
def test_what_markdown_cannot_show_is_a_picture_that_leads_to_it(path: str) -> None:
    assert snippets(path).markdown == f"[![alt](a.poster.png)]({path})"
    assert snippets(path, None).markdown == f"[alt]({path})"


@pytest.mark.parametrize(
    ("path", "picture"),
    [
        ("a.png", r"\includegraphics[width=\linewidth]{a.png}"),
        ("a.pdf", r"\includegraphics[width=\linewidth]{a.pdf}"),
        ("a.mp4", r"\includegraphics[width=\linewidth]{a.poster.png}"),
        ("x/a.svg", r"\includesvg[width=\linewidth]{x/a}"),
        ("x/f/", r"\animategraphics[width=\linewidth,controls]{10}{x/f/}{00000}{00029}"),
    ],
)
def test_latex(path: str, picture: str) -> None:
    text = snippets(path, frames=30, duration_s=3.0).latex
    assert picture in text.splitlines()[-3]
    assert text.endswith("  \\caption{caption}\n\\end{figure}")


def test_latex_says_what_it_cannot_do() -> None:
    assert snippets("a.mp4", None).latex.startswith("% LaTeX can't show a.mp4")
    text = snippets("50%.png", "50%.png").latex
    assert "% LaTeX can't read a file of this name; rename it: 50%.png\n" in text
    # whatever follows would be a comment to LaTeX, the closing brace as well
    assert [line for line in text.splitlines() if "50%.png}" in line] == [
        r"  % \includegraphics[width=\linewidth]{50%.png}"
    ]


def test_signs_that_pdflatex_does_not_know_are_written_out() -> None:
    assert latex_text("δ = ∂L/∂Z₁") == (
        r"\ensuremath{\delta} = \ensuremath{\partial}L/\ensuremath{\partial}Z\textsubscript{1}"
    )
    assert latex_text('−4 → 4; R² is "good"') == (
        r"\ensuremath{-}4 \ensuremath{\rightarrow} 4; "
        r"R\textsuperscript{2} is \char34{}good\char34{}"
    )


def test_words_of_a_stranger_stay_words() -> None:
    made = snippets("a.mp4", alt=HOSTILE, caption=HOSTILE)
    html = Tags(made.html)
    assert [tag for tag, _ in html.tags] == ["figure", "video", "a", "figcaption"]
    assert html.tags[1][1]["aria-label"] == HOSTILE
    assert html.text.count(HOSTILE) == 2
    # each sign that means something is escaped
    assert (
        re.search(r"(?<!\\)[\[\]<>_]", made.markdown[len("[![") :].split("](a.poster")[0]) is None
    )
    inside = made.latex.split(r"\caption{")[1].rpartition("}\n\\end{figure}")[0]
    assert inside == latex_text(HOSTILE)
    assert r"\textbackslash{}end\{figure\} 100 \% \_a\_" in inside


@given(st.text(max_size=40))
def test_no_sign_of_latex_is_left_alone(text: str) -> None:
    escaped = latex_text(text)
    for name in ("textbackslash", "textasciitilde", "textasciicircum", "textless", "textgreater",
                 "textbar"):  # fmt: skip
        escaped = escaped.replace(f"\\{name}{{}}", "")
    escaped = escaped.replace(r"\char34{}", "")
    escaped = re.sub(r"\\ensuremath\{(-|\\[A-Za-z]+)\}|\\text(sub|super)script\{\d\}", "", escaped)
    assert re.search(r'(?<!\\)[{}$&#_%]|[~^<>|"\n]|\\(?![{}$&#_%])', escaped) is None


@given(st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=20))
def test_paths_survive_as_links(path: str) -> None:
    assert unquote(url_of(path)) == path
    assert re.fullmatch(r"[A-Za-z0-9/._~%-]+", url_of(path))
