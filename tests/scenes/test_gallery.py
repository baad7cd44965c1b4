from __future__ import annotations

import re
from collections import Counter
from html.parser import HTMLParser
from pathlib import Path

from film_records import film_record, put_film

from epochreel.scenes.gallery import gallery_page
from epochreel.scenes.manifest import collect_films

HOSTILE = "</script></style><img src=x onerror=alert(1)> \"two\" 'one' & שלום \u202e 🎞 $policy ${x}"


class Page(HTMLParser):
    """Counts elements and keeps attributes; all void elements of a page stand in VOID."""

    VOID = ("meta", "img", "input", "rect", "path")

    def __init__(self, text: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.open: list[str] = []
        self.text: list[str] = []
        self.feed(text)
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text.append(data)

    def all(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for name, attributes in self.elements if name == tag]


def page_of(folder: Path) -> Page:
    return Page(gallery_page(collect_films(folder)).decode())


def test_a_card_for_each_scene_with_all_of_its_files(tmp_path: Path) -> None:
    put_film(tmp_path, "a.mp4", poster="a.mp4.poster.png")
    put_film(tmp_path, "sub/a b.gif", media_type="image/gif")
    scene = film_record().scene.model_copy(update={"id": "2", "name": "b"})
    put_film(tmp_path, "b.png", kind="still", poster="b.png", scene=scene)
    page = page_of(tmp_path)
    assert len(page.all("article")) == 2
    links = [link["href"] for link in page.all("a")]
    assert links == ["a.mp4", "sub/a%20b.gif", "b.png", "manifest.json"]
    # a still doesn't play
    assert len([button for button in page.all("button") if "play" in (button["class"] or "")]) == 1
    assert [image["src"] for image in page.all("img")] == ["a.mp4.poster.png", "b.png"]
    assert all(image["alt"] for image in page.all("img"))


def test_words_of_a_stranger_stay_words(tmp_path: Path) -> None:
    plain = put_film(tmp_path, "a.mp4", poster="a.mp4.poster.png")
    before = [tag for tag, _ in page_of(tmp_path).elements]
    texts = dict.fromkeys(("name", "path", "source", "title", "description"), HOSTILE)
    put_film(
        tmp_path,
        "a.mp4",
        poster="a.mp4.poster.png",
        scene=plain.scene.model_copy(update={**texts, "style": "light"}),
        models=tuple(m.model_copy(update={"name": HOSTILE}) for m in plain.models),
        alt=HOSTILE,
        caption=f"{HOSTILE}. {HOSTILE}",
        notes=(HOSTILE,),
        at=HOSTILE,
        key=HOSTILE,
    )
    page = page_of(tmp_path)
    added = ["details", "summary", "span", "div", "p", "button", "span", "pre", "code"]
    # the note's list is there, the source's block, and no other element
    found = Counter(tag for tag, _ in page.elements)
    assert found == Counter([*before, *added, "ul", "li"])
    assert [tag for tag, _ in page.elements].count("script") == 2
    assert not [name for _, attributes in page.elements for name in attributes if name[:2] == "on"]
    assert HOSTILE in "".join(page.text)
    assert page.all("img")[0]["alt"] == HOSTILE


def test_no_sidecar_can_say_what_is_no_file_name(tmp_path: Path) -> None:
    # its path is where it is, whatever it says
    record = put_film(tmp_path, "a.mp4")
    place = tmp_path / "a.mp4.json"
    text = place.read_text(encoding="utf-8").replace('"path": "a.mp4"', '"path": "javascript:x"')
    assert "javascript" in text
    place.write_text(text, encoding="utf-8")
    [film] = collect_films(tmp_path).films
    assert film.path == record.path
    assert "javascript" not in gallery_page(collect_films(tmp_path)).decode()


def test_the_page_asks_nobody_for_anything(tmp_path: Path) -> None:
    put_film(tmp_path, "a.mp4", poster="a.mp4.poster.png")
    page = page_of(tmp_path)
    addresses = [
        value
        for _, attributes in page.elements
        for name, value in attributes.items()
        if name in {"src", "href", "poster", "action", "srcset"}
    ]
    assert addresses
    assert not [value for value in addresses if re.match(r"[a-z]+:|//", value or "")]
    policy = next(meta for meta in page.all("meta") if meta.get("http-equiv"))["content"] or ""
    assert policy.startswith("default-src 'none'; ")
    assert "unsafe" not in policy
    assert "http" not in policy


def test_filters_are_there_where_there_is_a_choice(tmp_path: Path) -> None:
    put_film(tmp_path, "a.mp4")
    assert page_of(tmp_path).all("select") == []
    scene = film_record().scene.model_copy(update={"id": "2", "style": "light"})
    put_film(tmp_path, "b.mp4", scene=scene)
    assert [select["name"] for select in page_of(tmp_path).all("select")] == ["style"]


def test_the_same_films_give_the_same_page(tmp_path: Path) -> None:
    put_film(tmp_path, "a.mp4")
    assert gallery_page(collect_films(tmp_path)) == gallery_page(collect_films(tmp_path))
