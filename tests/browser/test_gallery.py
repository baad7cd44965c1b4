"""The gallery in a real browser, opened from disk."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from film_records import film_record
from gallery_scenes import HOSTILE, SCENES
from playwright.sync_api import Browser, Locator, Page, expect

from epochreel.scenes.gallery import gallery_page
from epochreel.scenes.manifest import Collection, FilmedScene

Open = Callable[..., Any]

WAYS = {
    "dark": {"color_scheme": "dark"},
    "light": {"color_scheme": "light"},
    "dark phone": {"color_scheme": "dark", "width": 390, "height": 800, "has_touch": True},
    "light phone": {"color_scheme": "light", "width": 320, "height": 640, "has_touch": True},
}


def card(page: Page, title: str) -> Locator:
    return page.locator(".card").filter(has=page.get_by_role("heading", name=title, exact=True))


def titles(page: Page) -> list[str]:
    return page.locator(".cards > li:visible h2").all_inner_texts()


def wait_until_it_plays(page: Page, where: Locator) -> None:
    expect(where.locator(".media")).to_have_class("media dark plays")
    video = where.locator("video").element_handle()
    page.wait_for_function("video => video.currentTime > 0.2 && !video.paused", arg=video)


@pytest.mark.parametrize("way", WAYS)
def test_it_loads_from_disk_and_shows_every_picture(visit: Open, way: str) -> None:
    page = visit(**WAYS[way]).page
    assert len(titles(page)) == 5
    for image in page.locator(".media img").all():
        image.scroll_into_view_if_needed()
        handle = image.element_handle()
        page.wait_for_function("image => image.complete && image.naturalWidth > 0", arg=handle)
    # nothing stands out at the side
    width = page.evaluate("document.documentElement.scrollWidth")
    assert width == page.viewport_size["width"]
    dark = page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(13, 17, 25)"
    assert dark is way.startswith("dark")


@pytest.mark.parametrize("way", WAYS)
def test_nothing_serious_keeps_anybody_out(visit: Open, way: str) -> None:
    page = visit(**WAYS[way]).page
    for summary in page.locator("summary").all():
        summary.click()
    card(page, "Zwei Mönde").locator(".play").focus()
    found = Axe().run(page).response
    assert len(found["passes"]) > 20
    serious = [
        (entry["id"], [node["html"][:150] for node in entry["nodes"]])
        for entry in found["violations"]
        if entry["impact"] in {"serious", "critical"}
    ]
    assert serious == []


def test_a_film_plays_while_it_is_pointed_at(visit: Open) -> None:
    page = visit().page
    moons, hostile = card(page, "Zwei Mönde"), card(page, HOSTILE)
    moons.locator(".media").hover()
    wait_until_it_plays(page, moons)
    hostile.locator(".media").hover()
    wait_until_it_plays(page, hostile)
    expect(moons.locator(".media")).to_have_class("media dark")
    assert moons.locator("video").evaluate("video => video.paused")
    page.mouse.move(0, 0)
    expect(page.locator(".plays")).to_have_count(0)


def test_a_film_plays_while_its_button_has_the_focus(visit: Open) -> None:
    page = visit().page
    moons = card(page, "Zwei Mönde")
    for _ in range(40):
        page.keyboard.press("Tab")
        if moons.locator(".play").evaluate("button => button === document.activeElement"):
            break
    wait_until_it_plays(page, moons)
    expect(moons.get_by_role("button", name="Pause Zwei Mönde")).to_be_focused()
    page.keyboard.press("Space")
    expect(moons.get_by_role("button", name="Play Zwei Mönde")).to_be_focused()
    assert moons.locator("video").evaluate("video => video.paused")
    page.keyboard.press("Enter")
    wait_until_it_plays(page, moons)
    page.keyboard.press("Tab")
    expect(page.locator(".plays")).to_have_count(0)


def test_an_animated_picture_plays_too(visit: Open) -> None:
    page = visit().page
    rings = card(page, "Two rings")
    assert rings.locator("img").count() == 1
    rings.locator(".media").hover()
    moving = rings.locator("img.moving").element_handle()
    page.wait_for_function("image => image.complete && image.naturalWidth === 160", arg=moving)
    page.mouse.move(0, 0)
    expect(rings.locator("img.moving")).to_have_count(0)


def test_who_wants_less_motion_sees_what_they_click(visit: Open) -> None:
    page = visit(reduced_motion="reduce").page
    moons = card(page, "Zwei Mönde")
    moons.locator(".media").hover()
    moons.locator(".play").focus()
    page.wait_for_timeout(300)
    expect(page.locator(".plays")).to_have_count(0)
    assert page.locator("video").count() == 0
    moons.locator(".play").click()
    wait_until_it_plays(page, moons)


def test_a_tap_plays_and_another_stops(visit: Open) -> None:
    page = visit(**WAYS["dark phone"]).page
    moons = card(page, "Zwei Mönde")
    moons.locator(".play").tap()
    wait_until_it_plays(page, moons)
    moons.locator(".media").tap()
    expect(moons.locator(".media")).to_have_class("media dark held")
    moons.locator("h2").tap()
    expect(moons.locator(".media")).to_have_class("media dark")


def test_a_click_holds_the_film_where_it_is(visit: Open) -> None:
    page = visit().page
    moons = card(page, "Zwei Mönde")
    moons.locator(".media").hover()
    wait_until_it_plays(page, moons)
    moons.locator(".media").click(position={"x": 20, "y": 20})
    expect(moons.locator(".media")).to_have_class("media dark held")
    video = moons.locator("video")
    at = video.evaluate("video => video.currentTime")
    expect(video).to_have_css("opacity", "1")
    expect(moons.locator(".play")).to_have_css("opacity", "0")  # nothing covers the moment
    page.wait_for_timeout(200)
    assert video.evaluate("video => [video.paused, video.currentTime]") == [True, at]
    moons.locator(".media").click(position={"x": 20, "y": 20})
    expect(moons.locator(".media")).to_have_class("media dark plays")
    page.mouse.move(0, 0)
    expect(moons.locator(".media")).to_have_class("media dark")
    expect(video).to_have_css("opacity", "0")


def test_a_film_that_is_gone_leaves_its_picture(visit: Open, gallery: Path, tmp_path: Path) -> None:
    shutil.copytree(gallery, tmp_path / "copy")
    for film in (tmp_path / "copy" / "moons").glob("film.[mw]*"):
        if film.suffix in (".mp4", ".webm"):
            film.unlink()
    made = visit(folder=tmp_path / "copy")
    moons = card(made.page, "Zwei Mönde")
    moons.locator(".media").hover()
    expect(moons.locator("video")).to_have_count(1)
    expect(moons.locator(".media")).to_have_class("media dark")
    expect(moons.get_by_role("button", name="Play Zwei Mönde")).to_be_visible()
    made.errors.clear()  # the browser says that there is no such file


def test_what_was_looked_for_is_there_again(visit: Open, gallery: Path) -> None:
    page = visit().page
    page.get_by_role("searchbox").fill("two")
    page.get_by_role("combobox", name="Style").select_option("light")
    assert titles(page) == ["Two rings"]
    page.goto((gallery / "still-dark.svg").as_uri())
    page.go_back()
    expect(page.get_by_role("status").first).to_have_text("1 of 5 scenes")
    assert titles(page) == ["Two rings"]
    page.reload()
    expect(page.get_by_role("status").first).to_have_text("1 of 5 scenes")
    assert page.get_by_role("searchbox").input_value() == "two"
    assert page.get_by_role("combobox", name="Style").input_value() == "light"


def test_a_link_to_a_scene_shows_it_whatever_was_looked_for(visit: Open) -> None:
    page = visit().page
    there = card(page, "Zwei Mönde").get_attribute("id")
    page.get_by_role("searchbox").fill("rings")
    page.evaluate("id => { location.hash = id; }", there)
    expect(card(page, "Zwei Mönde")).to_be_in_viewport()
    assert len(titles(page)) == 5


def test_what_was_found_begins_at_the_top(visit: Open) -> None:
    page = visit(width=700, height=500).page
    page.evaluate("scrollTo(0, document.body.scrollHeight)")
    page.get_by_role("searchbox").press_sequentially("dark")
    assert len(titles(page)) > 1
    bottom = page.locator(".tools").evaluate("tools => tools.getBoundingClientRect().bottom")
    first = page.locator(".cards > li:visible").first.evaluate("i => i.getBoundingClientRect().top")
    assert bottom <= first < bottom + 100


@pytest.mark.parametrize("width", [320, 360, 390, 1280])
def test_tables_keep_within_their_cards(visit: Open, width: int) -> None:
    page = visit(width=width).page
    over = page.evaluate("""[...document.querySelectorAll("table")].map((table) =>
        table.getBoundingClientRect().right
            - table.closest(".words").getBoundingClientRect().right)""")
    assert len(over) == 5
    assert max(over) <= 0
    lines = page.evaluate("""[...document.querySelectorAll("tbody tr")].map((row) =>
        row.getBoundingClientRect().height)""")
    assert max(lines[1:]) < 60 if width < 400 else 40


def test_stills_do_not_play(visit: Open) -> None:
    page = visit().page
    assert page.locator(".play").count() == 3


def test_search_and_filters(visit: Open) -> None:
    page = visit().page
    search, status = page.get_by_role("searchbox", name="Search"), page.get_by_role("status").first
    expect(status).to_have_text("5 scenes")
    search.fill("monde ADAM")  # without its dots
    assert titles(page) == ["Zwei Mönde"]
    expect(status).to_have_text("1 of 5 scenes")
    search.fill("adam rings")
    assert titles(page) == []
    page.get_by_role("button", name="Show all").click()
    assert len(titles(page)) == 5
    page.get_by_role("combobox", name="Engine").select_option("sklearn")
    assert titles(page) == ["Two rings"]
    page.get_by_role("combobox", name="Style").select_option("dark")
    assert titles(page) == []
    expect(page.get_by_text("No scene fits.")).to_be_visible()
    page.get_by_role("combobox", name="Engine").select_option("Any engine")
    page.get_by_role("combobox", name="Data").select_option("xor")
    assert titles(page) == ["still-dark"]
    search.press("Enter")
    assert titles(page) == ["still-dark"]


def test_two_thousand_scenes_are_searched_at_once(browser: Browser, tmp_path: Path) -> None:
    film = film_record("a.mp4")
    one = FilmedScene("1", film.scene, film.data, film.models, "test", {}, (film,))
    scenes = [
        replace(one, id=str(number), scene=film.scene.model_copy(update={"name": f"v-{number}-"}))
        for number in range(2000)
    ]
    (tmp_path / "index.html").write_bytes(gallery_page(Collection(tuple(scenes))))
    page = browser.new_page()
    page.goto((tmp_path / "index.html").as_uri())
    taken_ms = page.evaluate("""() => {
        const field = document.querySelector("#search");
        const began = performance.now();
        field.value = "v-19-";
        field.dispatchEvent(new Event("input", { bubbles: true }));
        document.body.offsetHeight;
        return performance.now() - began;
    }""")
    assert page.get_by_role("status").first.inner_text() == "1 of 2000 scenes"
    page.close()
    assert taken_ms < 3000


def test_copying(visit: Open) -> None:
    made = visit()
    page = made.page
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    moons = card(page, "Zwei Mönde")
    moons.get_by_text("Scene file").click()
    moons.get_by_role("button", name="Copy: Scene file of Zwei Mönde").click()
    expect(moons.locator(".copy span").first).to_have_text("Copied")
    assert page.evaluate("navigator.clipboard.readText()") == SCENES["moons"]
    hostile = page.locator(".card").filter(has_text="<img src=x")
    hostile.get_by_text("For web pages").click()
    hostile.locator(".copy").nth(3).click()
    page.wait_for_timeout(100)
    copied = page.evaluate("navigator.clipboard.readText()")
    assert copied.startswith("% the last moment of hostile.mp4\n\\begin{figure}")
    expect(moons.locator(".copy span").first).to_have_text("Copy")


def test_copying_without_a_clipboard(visit: Open) -> None:
    page = visit().page
    page.evaluate("Object.defineProperty(navigator, 'clipboard', { value: undefined })")
    moons = card(page, "Zwei Mönde")
    moons.get_by_text("Scene file").click()
    moons.locator(".copy").first.click()
    expect(moons.locator(".copy span").first).to_have_text("Copied")
    expect(moons.locator(".copy").first).to_be_focused()
    search = page.get_by_role("searchbox")
    search.focus()
    page.keyboard.press("Control+V")
    assert "Zwei Mönde" in search.input_value()


def test_the_theme_is_chosen_and_kept(visit: Open) -> None:
    page = visit(color_scheme="dark").page
    ground = "getComputedStyle(document.body).backgroundColor"
    assert page.evaluate(ground) == "rgb(13, 17, 25)"
    page.get_by_role("button", name="Theme: auto").click()
    assert page.evaluate(ground) == "rgb(251, 250, 246)"
    page.wait_for_timeout(300)  # another process of the browser keeps it
    page.reload()
    button = page.get_by_role("button", name="Theme: light")
    assert page.evaluate(ground) == "rgb(251, 250, 246)"
    button.click()
    page.get_by_role("button", name="Theme: dark").click()
    assert page.evaluate(ground) == "rgb(13, 17, 25)"
    expect(page.get_by_role("button", name="Theme: auto")).to_be_visible()


def test_every_link_leads_to_a_file(visit: Open, gallery: Path) -> None:
    page = visit().page
    links = page.evaluate("[...document.querySelectorAll('a')].map(link => link.href)")
    assert len(links) == 8
    there = {path.as_uri() for path in gallery.rglob("*") if path.is_file()}
    # a browser needn't write each sign as Python does
    plain = {page.evaluate("uri => new URL(uri).href", uri) for uri in there}
    assert {link.replace("'", "%27") for link in links} <= {
        uri.replace("'", "%27") for uri in plain
    }


def test_without_scripts_films_can_be_seen_all_the_same(visit: Open) -> None:
    page = visit(java_script_enabled=False).page
    expect(page.locator(".card")).to_have_count(5)
    expect(page.get_by_role("searchbox")).to_be_hidden()
    expect(page.locator(".play").first).to_be_hidden()
    expect(page.get_by_role("link", name="MP4").first).to_be_visible()


def test_it_prints_pictures_and_no_controls(visit: Open) -> None:
    page = visit(color_scheme="dark").page
    page.emulate_media(media="print")
    for gone in (".tools", ".play", ".theme", "details"):
        expect(page.locator(gone).first).to_be_hidden()
    expect(page.locator(".media img").first).to_be_visible()
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"
