"""Takes the pictures of the dashboard that the docs show, from the scene in which it is tested.

    python3 dev.py screenshots                all pictures
    python3 dev.py screenshots board inbox    these pages alone

They are taken in the local Chromium with one typeface, so that they look the same wherever they are made, and
are reduced to 256 colours: nobody sees the difference, and they take a third of the room.
"""

from __future__ import annotations

import os
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

from browser import scene
from browser.harness import HEIGHTS, Seat, Stage, launched
from integration.http_scene import Served
from PIL import Image
from playwright.sync_api import sync_playwright
from world import hermetic_environment

if TYPE_CHECKING:
    from collections.abc import Callable

    from playwright.sync_api import Page

FOLDER = Path(__file__).resolve().parents[2] / "docs" / "images"
LOOKS = (("light", 1280, "light"), ("dark", 1280, "dark"), ("phone", 390, "light"))
LARGEST = 120_000
FONTS = """\
<?xml version="1.0"?><!DOCTYPE fontconfig SYSTEM "fonts.dtd">
<fontconfig>
  <include ignore_missing="yes">/etc/fonts/fonts.conf</include>
  <match target="pattern"><test name="family"><string>sans</string></test>
    <edit name="family" mode="prepend" binding="strong"><string>Liberation Sans</string></edit></match>
  <match target="pattern"><test name="family"><string>system-ui</string></test>
    <edit name="family" mode="prepend" binding="strong"><string>Liberation Sans</string></edit></match>
  <match target="pattern"><test name="family"><string>DejaVu Sans</string></test>
    <edit name="family" mode="prepend" binding="strong"><string>Liberation Sans</string></edit></match>
</fontconfig>
"""


def _palette(page: Page) -> None:
    page.keyboard.press("Control+k")
    page.keyboard.type("basket")
    page.get_by_role("option", name="Basket forgets").wait_for()


def _nothing(_page: Page) -> None:
    pass


PAGES: dict[str, tuple[str, Callable[[Page], None]]] = {
    "inbox": ("/inbox", _nothing),
    "board": ("/board/shop", _nothing),
    "attention": ("/attention", _nothing),
    "list": ("/list", _nothing),
    "ticket": ("/tickets/shop/{ticket}", _nothing),
    "unreadable": (f"/tickets/shop/{scene.BROKEN}", _nothing),
    "proposal": ("/proposals/shop/{edit}", _nothing),
    "new": ("/new/shop", _nothing),
    "receipts": ("/receipts/shop", _nothing),
    "travel": ("/receipts/shop/stream?name=ticket/{ticket}&at=2", _nothing),
    "receipt": ("/receipts/shop/at/90", _nothing),
    "insights": ("/insights/shop", _nothing),
    "agents": ("/agents/shop", _nothing),
    "policy": ("/policy/shop/explain?action=ticket.move&ticket={ticket}&state=done&actor=agent:builder", _nothing),
    "settings": ("/settings", _nothing),
    "palette": ("/board/shop", _palette),
}  # fmt: skip
"""Each picture's name, with the page and what is done there first."""


def main(wanted: list[str]) -> int:
    """Takes the pictures and writes them; tells of those that are too large."""
    unknown = [name for name in wanted if name not in PAGES]
    if unknown:
        sys.stderr.write(f"error: no picture is called {unknown[0]}\nhint: {' '.join(PAGES)}\n")
        return 2
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        (folder / "home").mkdir()
        os.environ.update(hermetic_environment(folder / "home"))
        fonts = folder / "fonts.conf"
        fonts.write_text(FONTS, "utf-8")
        os.environ["FONTCONFIG_FILE"] = str(fonts)
        rich = scene.made(folder / "shop", has_past=True)
        poor = scene.made(folder / "warehouse", is_rich=False)
        served = Served(rich.desk, folder).start(str(rich.desk.path), str(poor.desk.path))
        try:
            with sync_playwright() as playwright:
                browser = launched(playwright)
                stage = Stage(rich, served, "shop")
                return max([_take(Seat, browser, stage, look, wanted or list(PAGES)) for look in LOOKS])
        finally:
            served.close()


def reduced(picture: Image.Image) -> Image.Image:
    """Returns a picture in 256 colours: those of most dots as they are, and 64 that stand for the rare ones."""
    counted = sorted(picture.getcolors(picture.width * picture.height) or (), reverse=True)
    frequent = [part for _, colour in counted[:192] for part in colour]
    rare = picture.quantize(64, Image.Quantize.FASTOCTREE, dither=Image.Dither.NONE).getpalette() or []
    palette = Image.new("P", (1, 1))
    palette.putpalette([*frequent, *rare][:768])
    return picture.quantize(palette=palette, dither=Image.Dither.NONE)


def _take(sit: type[Seat], browser: Any, stage: Stage, look: tuple[str, int, str], wanted: list[str]) -> int:
    """Takes the pictures of one look; returns 1 if one is too large."""
    name, width, theme = look
    seat = sit(
        browser, stage, viewport={"width": width, "height": HEIGHTS[width]}, color_scheme=theme
    ).sign_in()
    status = 0
    for each in wanted:
        address, prepare = PAGES[each]
        page = seat.go(
            address.replace("{ticket}", stage.scene.ticket).replace("{edit}", stage.scene.waiting[3])
        )
        prepare(page)
        file = FOLDER / f"dashboard-{each}-{name}.png"
        page.screenshot(path=file, animations="disabled")
        with Image.open(file) as picture:
            reduced(picture.convert("RGB")).save(file, optimize=True)
        size = file.stat().st_size
        sys.stdout.write(f"{size // 1000:4} kB  {file.name}\n")
        if size > LARGEST:
            sys.stderr.write(f"error: {file.name} is larger than {LARGEST // 1000} kB\n")
            status = 1
    seat.close()
    seat.check()
    return status


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
