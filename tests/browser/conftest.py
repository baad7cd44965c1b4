"""A real browser, as people have it, and a gallery of real films on a disk."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from gallery_scenes import SCENES
from playwright.sync_api import Browser, Page, Route, sync_playwright

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")


def chromium() -> str:
    found = os.environ.get("CHROMIUM") or next(filter(None, map(shutil.which, NAMES)), None)
    if not found:
        pytest.fail("no Chromium: apt-get install chromium, or set CHROMIUM to where it is")
    return found


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        # tests run as root in containers, where the sandbox can't
        options = ["--no-sandbox"] if hasattr(os, "geteuid") and os.geteuid() == 0 else []
        started = playwright.chromium.launch(executable_path=chromium(), args=options)
        yield started
        started.close()


@pytest.fixture(scope="session")
def gallery(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Films made as a user makes them."""
    folder = tmp_path_factory.mktemp("gallery")
    for name, text in SCENES.items():
        (folder / f"{name}.toml").write_text(text, encoding="utf-8")
    scenes = [str(folder / f"{name}.toml") for name in SCENES]
    # in a process of its own, where it may warn of signs that the font lacks
    run = "import sys; from epochreel.scenes.cli import main; sys.exit(main())"
    command = ["render", *scenes, "-o", str(folder / "films out"), "-j", "1", "-q"]
    subprocess.run([sys.executable, "-c", run, *command], check=True, timeout=120)
    return folder / "films out"


@dataclass
class Visit:
    """A page that is open, and what it did beside what it shows."""

    page: Page
    errors: list[str] = field(default_factory=list[str])
    requests: list[str] = field(default_factory=list[str])


@pytest.fixture
def visit(browser: Browser, gallery: Path) -> Iterator[Callable[..., Visit]]:
    """Open the gallery from disk; at the end nothing may have gone wrong or out."""
    visits: list[Visit] = []

    def open_(
        *, width: int = 1280, height: int = 900, folder: Path = gallery, **options: Any
    ) -> Visit:
        context = browser.new_context(viewport={"width": width, "height": height}, **options)
        made = Visit(context.new_page())
        visits.append(made)

        def refuse(route: Route) -> None:
            made.requests.append(route.request.url)
            route.abort()

        context.route(lambda url: not url.startswith(("file:", "blob:", "data:")), refuse)
        made.page.on(
            "console",
            lambda message: (
                made.errors.append(message.text) if message.type in {"error", "warning"} else None
            ),
        )
        made.page.on("pageerror", lambda error: made.errors.append(str(error)))
        made.page.on("dialog", lambda dialog: made.errors.append(f"dialog {dialog.message}"))
        made.page.goto((folder / "index.html").as_uri())
        return made

    yield open_
    for made in visits:
        made.page.context.close()
        assert made.errors == []
        assert made.requests == []
