"""What is in an output folder, on one page for people: ``index.html``.

The page holds its own style and script and reaches nothing but the films beside it, so that it
works from a disk and can be put on any server. All that comes from scenes is text there, and a
content security policy lets no other script run, whatever a sidecar says.
"""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Iterable, Iterator, Sequence
from html import escape
from importlib.resources import files
from pathlib import PurePosixPath
from string import Template
from typing import cast

from epochreel.render.numerals import format_metric
from epochreel.render.writers import format_of
from epochreel.scenes.alt_text import data_words, percent
from epochreel.scenes.film_record import FilmRecord, ModelRecord
from epochreel.scenes.manifest import Collection, FilmedScene
from epochreel.scenes.messages import count
from epochreel.scenes.snippets import IMAGES, VIDEOS, url_of

__all__ = ["INDEX", "gallery_page"]

INDEX = "index.html"

_SHOWN_FILES = 5
"""Of more files the rest stands behind a click."""

_NAMES = {"/": "Frames", ".webm": "WebM", ".webp": "WebP"}
_MOVING_IMAGES = (".webp", ".gif", ".apng")
_START = '<path d="M4 2.5v11l9-5.5z"/>'
_PAUSE = '<path d="M3.5 2.5h3v11h-3zM9.5 2.5h3v11h-3z"/>'


def gallery_page(collection: Collection) -> bytes:
    """Write the page; the same films give the same bytes.

    Parameters
    ----------
    collection : Collection

    Returns
    -------
    bytes
        HTML, UTF-8.
    """
    folder = files("epochreel.scenes") / "gallery_page"
    style = folder.joinpath("page.css").read_text(encoding="utf-8")
    script = folder.joinpath("page.js").read_text(encoding="utf-8")
    early = folder.joinpath("early.js").read_text(encoding="utf-8")
    policy = (
        "default-src 'none'; img-src 'self' file:; media-src 'self' file:; "
        f"style-src {_source(style)}; script-src {_source(early)} {_source(script)}; "
        "base-uri 'none'; form-action 'none'"
    )
    cards = "\n".join(f"<li {_marks(scene)}>{_card(scene)}</li>" for scene in collection.scenes)
    page = Template(folder.joinpath("page.html").read_text(encoding="utf-8"))
    text = page.substitute(
        policy=policy,
        style=style,
        early=early,
        script=script,
        whole=_whole(collection),
        filters=_filters(collection.scenes),
        cards=cards,
        nothing="No scene fits." if collection.scenes else "There are no films here yet.",
    )
    return text.encode()


def _source(text: str) -> str:
    """Name an inline style or script by its digest, for the policy."""
    digest = base64.b64encode(hashlib.sha256(text.encode()).digest())
    return f"'sha256-{digest.decode()}'"


def _whole(collection: Collection) -> str:
    films = collection.films
    size = _bytes(sum(film.file.bytes for film in films))
    return f"{count(len(collection.scenes), 'scene')}, {count(len(films), 'file')}, {size}"


def _engines(scene: FilmedScene) -> list[str]:
    return sorted({model.engine for model in scene.models})


def _marks(scene: FilmedScene) -> str:
    """Say what a card is found by."""
    record = scene.scene
    words = [record.name, record.title, record.description, record.variant, record.path]
    words += [record.style, record.colormap, scene.data.kind, scene.data.name]
    words += [data_words(scene.data)]
    for model in scene.models:
        words += [model.name, model.engine, model.optimizer]
        words += [f"seed {model.seed}" if model.seed is not None else None]
    words += _values(record.document or {})
    words += [film.path for film in scene.films]
    found = {
        "text": " ".join(word for word in words if word),
        "style": json.dumps([record.style]),
        "data": json.dumps([scene.data.kind]),
        "engine": json.dumps(_engines(scene)),
    }
    return " ".join(f'data-{name}="{escape(value)}"' for name, value in found.items())


def _values(document: object, key: str = "") -> Iterator[str]:
    """List what a scene says, as ``activation relu``."""
    if isinstance(document, dict):
        for name, value in cast("dict[str, object]", document).items():
            yield from _values(value, name)
    elif isinstance(document, list):
        for value in cast("list[object]", document):
            yield from _values(value, key)
    else:
        yield f"{key.replace('_', ' ')} {document}"


def _filters(scenes: Sequence[FilmedScene]) -> str:
    choices = {
        "style": {scene.scene.style for scene in scenes},
        "data": {scene.data.kind for scene in scenes},
        "engine": {engine for scene in scenes for engine in _engines(scene)},
    }
    return "\n".join(
        _filter(name, sorted(values)) for name, values in choices.items() if len(values) > 1
    )


def _filter(name: str, values: Iterable[str]) -> str:
    options = "".join(f"<option>{escape(value)}</option>" for value in values)
    return (
        f'<select name="{name}" aria-label="{name.capitalize()}">'
        f'<option value="">Any {name}</option>{options}</select>'
    )


def _card(scene: FilmedScene) -> str:
    record = scene.scene
    title = record.title or record.name
    main = scene.films[0]
    among = record.variant if record.title and record.variant else None
    # a title may run in either direction, whatever stands beside it
    variant = f'<p class="variant" dir="auto">{escape(among)}</p>' if among else ""
    # what controls are called by: a sweep's variants share their title
    called = f"{title}, {among}" if among else title
    # the title stands above it already
    heads = (head for head in (f"{title}.", title) if main.caption.startswith(head))
    words = main.caption.removeprefix(next(heads, "")).strip()
    notes = "".join(f"<li>{escape(note)}</li>" for note in _notes(scene.films))
    parts = [
        _media(scene, called),
        '<div class="words">',
        f'<h2 dir="auto">{escape(title)}</h2>{variant}',
        f'<p class="caption" dir="auto">{escape(_unbroken(words))}</p>' if words else "",
        _facts(scene),
        _metrics(scene),
        _files(scene.films),
        f'<ul class="notes">{notes}</ul>' if notes else "",
        _details(scene, called),
        "</div>",
    ]
    return f'<article class="card" id="scene-{scene.id}">{"".join(parts)}</article>'


def _notes(films: Sequence[FilmRecord]) -> Iterator[str]:
    """Give each note once, with the file's name where it isn't of all."""
    for note in dict.fromkeys(note for film in films for note in film.notes):
        told = [film for film in films if note in film.notes]
        if len(told) == len(films):
            yield note
        else:
            names = ", ".join(PurePosixPath(film.path).name for film in told)
            yield f"{names}: {note}"


def _unbroken(text: str) -> str:
    """Keep percent signs beside their numbers."""
    return text.replace(" %", "\u00a0%")


def _media(scene: FilmedScene, title: str) -> str:
    main = scene.films[0]
    shown = main if main.poster else next((film for film in scene.films if film.poster), main)
    ground = "light" if scene.scene.style == "light" else "dark"
    if shown.poster:
        picture = (
            f'<img src="{url_of(shown.poster)}" alt="{escape(shown.alt)}" '
            f'width="{shown.width}" height="{shown.height}" loading="lazy" decoding="async">'
        )
    else:
        picture = (
            f'<div class="no-picture" role="img" aria-label="{escape(main.alt)}">No picture</div>'
        )
    sources = _sources(scene.films)
    if not sources:
        return f'<div class="media {ground}">{picture}</div>'
    name = escape(title)
    stops = "Pause" if sources[0]["type"].startswith("video/") else "Stop"
    return (
        f'<div class="media {ground}" data-title="{name}" data-stops="{stops}" '
        f'data-sources="{escape(json.dumps(sources))}">{picture}<div class="run"></div>'
        f'<button class="play needs-js" type="button" aria-label="Play {name}">'
        f'<svg class="start" viewBox="0 0 16 16" aria-hidden="true">{_START}</svg>'
        f'<svg class="pause" viewBox="0 0 16 16" aria-hidden="true">{_PAUSE}</svg>'
        "</button></div>"
    )


def _sources(films: Sequence[FilmRecord]) -> list[dict[str, str]]:
    """Choose what plays: videos of one size, else one animated picture."""
    for preview in (False, True):
        here = [film for film in films if film.preview is preview]
        videos = [film for film in here if format_of(PurePosixPath(film.path)) in VIDEOS]
        moving = [film for film in here if format_of(PurePosixPath(film.path)) in _MOVING_IMAGES]
        chosen = videos or sorted(moving, key=lambda film: film.file.bytes)[:1]
        if chosen:
            return [{"url": url_of(film.path), "type": film.media_type} for film in chosen]
    return []


def _facts(scene: FilmedScene) -> str:
    record, data = scene.scene, scene.data
    engines = ", ".join(_engines(scene))
    words = [f"{data.kind}, {count(data.train_samples, 'sample')}", record.style, engines]
    if all(film.preview for film in scene.films):
        words.append("preview")
    return f'<ul class="facts">{"".join(f"<li>{escape(word)}</li>" for word in words if word)}</ul>'


def _metrics(scene: FilmedScene) -> str:
    if not scene.models:
        return ""
    name = "Test" if scene.split == "test" else "Training"
    regression = any(model.determination(scene.split) is not None for model in scene.models)
    rows = "".join(_row(model, scene.split) for model in scene.models)
    return (
        f'<table><thead><tr><th scope="col">Model</th><th scope="col">'
        f"{name} {'R²' if regression else 'accuracy'}</th>"
        '<th scope="col">Loss</th><th scope="col">Updates</th></tr></thead>'
        f"<tbody>{rows}</tbody></table>"
    )


def _row(model: ModelRecord, split: str) -> str:
    accuracy, loss = model.accuracy(split), model.last.get(f"{split}_loss")
    determination = model.determination(split)
    bar = "–" if determination is None else f"{determination:.3f}"
    if accuracy is not None:
        width = max(0.0, min(1.0, accuracy)) * 48
        bar = (
            '<svg viewBox="0 0 48 8" preserveAspectRatio="none" aria-hidden="true">'
            f'<rect width="48" height="8" rx="2"/><rect width="{width:.1f}" height="8" rx="2"/>'
            f"</svg><span>{percent(accuracy)}</span>"
        )
    updates = f"{model.updates:,}".replace(",", " ")
    return (
        f'<tr><th scope="row" dir="auto">{escape(model.name)}</th><td>{bar}</td>'
        f"<td>{'–' if loss is None else format_metric(loss).strip()}</td><td>{updates}</td></tr>"
    )


def _files(films: Sequence[FilmRecord]) -> str:
    lines = [_file(film) for film in films]
    few, rest = lines[:_SHOWN_FILES], lines[_SHOWN_FILES:]
    more = ""
    if rest:
        more = (
            f"<details><summary>{count(len(rest), 'more file')}</summary>"
            f'<ul class="files">{"".join(rest)}</ul></details>'
        )
    return f'<ul class="files">{"".join(few)}</ul>{more}'


def _file(film: FilmRecord) -> str:
    suffix = format_of(PurePosixPath(film.path))
    name = _NAMES.get(suffix, suffix[1:].upper())
    kind = f"{name} preview" if film.preview else name
    length = f"{film.duration_s:.1f} s" if film.kind != "still" else _moment(film.at or "last")
    # the name as well, for those who hear only the links
    base = PurePosixPath(film.path).name
    return (
        f'<li><a href="{url_of(film.path)}">{escape(kind)} '
        f'<span class="unseen">{escape(base)}</span></a>'
        f"<span>{escape(length)}</span><span>{film.width}×{film.height}</span>"
        f"<span>{_bytes(film.file.bytes)}</span></li>"
    )


def _moment(at: str) -> str:
    """Say which moment a still shows, in few words."""
    if at in ("first", "last"):
        return f"{at} moment"
    return f"at {at.replace('>=', '≥').replace('<=', '≤').replace(':', ' ')}"


def _details(scene: FilmedScene, title: str) -> str:
    record = scene.scene
    source = record.resolved or record.source
    parts: list[str] = []
    if source:
        parts.append(
            f"<details><summary>Scene file <span class=unseen>of {escape(title)}</span></summary>"
            f"{_block(record.path, source, f'Scene file of {title}')}</details>"
        )
    blocks = "".join(
        _block(name, text, f"{name} for {title}") for name, text in _snippets(scene.films)
    )
    parts.append(
        "<details><summary>For web pages, Markdown, LaTeX "
        f"<span class=unseen>, {escape(title)}</span></summary>{blocks}</details>"
    )
    return "".join(parts)


def _block(name: str, text: str, label: str) -> str:
    # scrolled with the keyboard too, so it takes the focus; code runs from left to right
    return (
        f'<div class="block"><p>{escape(name)}</p>'
        f'<button class="button copy needs-js" type="button" aria-label="Copy: {escape(label)}">'
        '<span aria-live="polite">Copy</span></button>'
        f'<pre tabindex="0" role="region" aria-label="{escape(label)}" dir="ltr">'
        f"<code>{escape(text)}</code></pre></div>"
    )


def _snippets(films: Sequence[FilmRecord]) -> list[tuple[str, str]]:
    """Choose for each place the file that suits it best."""

    def first(*suffixes: str) -> FilmRecord:
        by_suffix = {format_of(PurePosixPath(film.path)): film for film in reversed(films)}
        return next((by_suffix[suffix] for suffix in suffixes if suffix in by_suffix), films[0])

    return [
        ("Web page", films[0].snippets.html),
        ("Markdown", first(*IMAGES).snippets.markdown),
        ("LaTeX", first(".pdf", ".png").snippets.latex),
    ]


def _bytes(number: int) -> str:
    return f"{number / 1e6:.1f} MB" if number >= 1e6 else f"{number / 1e3:.1f} kB"
