"""What a look at a screen finds wrong with it: by axe, and by a page that scrolls sideways."""

from __future__ import annotations

import os
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe

from tests.sizes import WHOLE

_AXE = Axe().axe_script
_RUN = """async (options) => (await axe.run(options)).violations.map(
  (one) => [one.id, one.nodes[0].html.slice(0, 160)])"""
"""Only what is wrong comes back: all that axe knows of a page is longer than the page."""
_SCHEME = "matchMedia('(prefers-color-scheme: dark)').matches ? 'dark' : 'light'"
_OTHER = {"dark": "light", "light": "dark"}
DESK, PHONE = {"width": 1440, "height": 900}, {"width": 390, "height": 844}

whole = pytest.mark.skipif(not WHOLE, reason="a walk in another dress: OMS_WHOLE=1")
VIEWS = [pytest.param(("pl", (1440, 900), "light"), id="pl"),
         pytest.param(("en", (390, 844), "dark"), id="en", marks=whole)]
"""How a walk is looked at: language, size, scheme. The second one before a release."""


class Walk:
    """A page, what was found wrong with it (in ``both`` dresses), and pictures of it for people
    (LOOK=folder).
    """

    def __init__(self, page: Any, name: str, *, both: bool = False) -> None:
        self.page, self.name, self.wrong = page, name, []
        self.look = look_both if both else look
        self.seen: set[str] = set()

    def see(self, where: str) -> None:
        """Look at the screen as it is; a screen that was seen on this walk is not looked at again.
        """
        if where in self.seen:
            return
        self.seen.add(where)
        if folder := os.environ.get("LOOK"):
            self.page.screenshot(path=f"{folder}/{self.name}-{where}.png", full_page=True)
        self.wrong += self.look(self.page, f"{self.name} {where}")

    def go(self, address: str, where: str = "") -> None:
        """Open an address, and look at it if it has a name."""
        self.page.goto(address)
        if where:
            self.see(where)

    def press(self, selector: str, key: str = "Enter") -> None:
        """Press a button as somebody does who has no mouse."""
        self.page.locator(selector).first.focus()
        self.page.keyboard.press(key)

    def send(self, action: str, last: bool = True, **typed: str) -> None:
        """Fill fields of the form with this action, named by their name; press its last button (or
        its first), and wait for what comes.
        """
        form = self.page.locator(f"form[action='{action}']").last
        for name, text in typed.items():
            field = form.locator(f"[name='{name}']")
            if field.evaluate("field => field.tagName") == "SELECT":
                field.select_option(text)
            else:
                field.fill(text)
        buttons = form.locator("button:not([type=button]):not([name=reckon])")
        with self.page.expect_response(lambda answer: answer.request.method == "POST"):
            (buttons.last if last else buttons.first).press("Enter")
        self.page.wait_for_load_state()


def look(page: Any, where: str, **options: Any) -> list[tuple[str, str, str]]:
    """What axe finds (``options`` as for axe.run) and whether the page is too wide.

    Whatever fades in or out has done so: half-shown text has half its contrast.
    """
    page.evaluate("document.getAnimations().forEach((one) => one.finish())")
    if not page.evaluate("'axe' in window"):
        page.evaluate(_AXE)
    # No style sheet is fetched once more: only rules that are off by themselves read them as text.
    options = {"resultTypes": ["violations"], "preload": False} | options
    found = [(where, rule, html) for rule, html in page.evaluate(_RUN, options)]
    return found + wide(page, where)


def look_both(page: Any, where: str) -> list[tuple[str, str, str]]:
    """What a look finds, and another one in the other dress: a phone's screen in the dark where it
    was a desk's in the light. What is open stays open, so a walk need not be gone twice for it.
    """
    found = look(page, where)
    before, was = page.viewport_size, page.evaluate(_SCHEME)
    page.set_viewport_size(DESK if before == PHONE else PHONE)
    page.emulate_media(color_scheme=_OTHER[was])
    found += look(page, f"{where} in the other dress")
    page.emulate_media(color_scheme=was)
    page.set_viewport_size(before)
    return found


def wide(page: Any, where: str) -> list[tuple[str, str, str]]:
    """Whether the page scrolls sideways."""
    over = page.evaluate("document.documentElement.scrollWidth - innerWidth")
    return [(where, "scrolls sideways", f"{over} px")] if over > 0 else []
