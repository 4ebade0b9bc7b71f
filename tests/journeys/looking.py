"""What a look at a screen finds wrong with it: by axe, and by a page that scrolls sideways."""

from __future__ import annotations

from typing import Any

from axe_playwright_python.sync_playwright import Axe

_axe = Axe()


def look(page: Any, where: str, **options: Any) -> list[tuple[str, str, str]]:
    """What axe finds (``options`` as for axe.run) and whether the page is too wide.

    Whatever fades in or out has done so: half-shown text has half its contrast.
    """
    page.evaluate("document.getAnimations().forEach((one) => one.finish())")
    options = {"resultTypes": ["violations"]} | options
    found = [(where, one["id"], one["nodes"][0]["html"][:160])
             for one in _axe.run(page, options=options).response["violations"]]
    return found + wide(page, where)


def wide(page: Any, where: str) -> list[tuple[str, str, str]]:
    """Whether the page scrolls sideways."""
    over = page.evaluate("document.documentElement.scrollWidth - innerWidth")
    return [(where, "scrolls sideways", f"{over} px")] if over > 0 else []
