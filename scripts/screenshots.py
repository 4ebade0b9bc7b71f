"""Take the pictures in docs/screenshots of a demo shop that is served in a folder of its own.

    .venv/bin/python scripts/screenshots.py [NAME ...]

Needs what the tests need (a Chromium). The buyers are invented; so is everything else.
"""

from __future__ import annotations

import os
import re
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.request import urlopen

CHECKOUT = Path(__file__).resolve().parents[1]
TARGET = CHECKOUT / "docs" / "screenshots"
SETTLE = 30  # seconds for the first orders to arrive and the first quantities to be sent
DESK, PHONE = (1440, 900), (390, 844)

# name -> (path, size, language, scheme)
PICTURES = {
    "home": ("/", DESK, "en", "light"),
    "orders": ("/orders", DESK, "en", "light"),
    "orders-dark": ("/orders", DESK, "pl", "dark"),
    "orders-phone": ("/orders", PHONE, "pl", "light"),
    "order": ("/orders/{order}", DESK, "en", "light"),
    "stock": ("/stock", DESK, "en", "light"),
    "picking": ("/picking", DESK, "pl", "light"),
    "packing": ("/packing", DESK, "en", "light"),
    "channels": ("/channels", DESK, "en", "light"),
    "verification": ("/verification", DESK, "en", "light"),
    "rules": ("/rules", DESK, "en", "light"),
    "till": ("/pos", DESK, "en", "light"),
    "messages": ("/messages/templates/2", DESK, "en", "light"),
    "labels": ("/settings/shipping", DESK, "en", "light"),
    "documents": ("/documents", DESK, "en", "light"),
    "returns": ("/returns/2", DESK, "en", "light"),
    "payments": ("/payments/profit", DESK, "en", "light"),
    "import": ("/imports", DESK, "pl", "light"),
    "guide": ("/guide", DESK, "en", "light"),
}


def begin_packing(page: Any) -> None:
    """Open a parcel of several goods and confirm its first unit."""
    several = re.compile(r"\+\d|, ")
    page.locator("ul.orders li").filter(has_text=several).first.locator("button").click()
    page.wait_for_selector(".bench-acts")
    page.keyboard.press("1")
    page.wait_for_timeout(1500)


def begin_selling(page: Any) -> None:
    """Open the till and scan three units of two goods."""
    page.locator("input[name=change_money]").fill("100")
    page.keyboard.press("Enter")
    page.wait_for_selector("input[name=code]")
    for code in ("KUB-03-GRA", "TER-STA-050", "KUB-03-GRA"):
        page.locator("input[name=code]").fill(code)
        page.keyboard.press("Enter")
        page.wait_for_timeout(1500)


# What is done on a page before its picture is taken.
BEFORE = {"packing": begin_packing, "till": begin_selling}


def free_port() -> int:
    """A port nobody listens on at the moment."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def served() -> Iterator[tuple[str, str, str]]:
    """A demo shop being served: address, e-mail, password."""
    with tempfile.TemporaryDirectory() as folder:
        port = free_port()
        environment = os.environ | {
            "OMS_INSTANCE": folder, "OMS_DEMO_PORT": str(free_port()),
            "PYTHONPATH": f"{CHECKOUT}:{CHECKOUT / 'connectors'}", "PYTHONUNBUFFERED": "1",
        }
        shop = subprocess.Popen(
            [sys.executable, "-m", "oms_web.cli", "serve", "--port", str(port)],
            env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
        )
        said = ""
        for line in shop.stdout:
            said += line
            if "serving at" in line:
                break
        email = re.search(r"e-mail\s+(\S+)", said)[1]
        password = re.search(r"password\s+(\S+)", said)[1]
        address = f"http://127.0.0.1:{port}"
        while urlopen(f"{address}/sign-in").status != 200:
            time.sleep(0.2)
        time.sleep(SETTLE)
        try:
            yield address, email, password
        finally:
            shop.terminate()
            shop.wait(20)


def signed_in(browser: Any, address: str, email: str, password: str, size: tuple[int, int],
              language: str, scheme: str) -> Any:
    """A page of a signed-in person in a language and colour scheme."""
    context = browser.new_context(
        base_url=address, viewport={"width": size[0], "height": size[1]}, color_scheme=scheme,
        locale=language, timezone_id="Europe/Warsaw",
    )
    page = context.new_page()
    page.goto("/sign-in")
    page.fill("[name=email]", email)
    page.fill("[name=password]", password)
    page.keyboard.press("Enter")
    page.wait_for_url(lambda url: "sign-in" not in url)
    page.wait_for_load_state("networkidle")
    page.evaluate(
        "lang => fetch(`/language/${lang}`, {method: 'POST', headers: {'X-CSRFToken': "
        "JSON.parse(document.body.getAttribute('hx-headers:inherited'))['X-CSRFToken']}})",
        language,
    )
    return page


def main(*names: str) -> None:
    """Take all pictures, or those that are named."""
    from playwright.sync_api import sync_playwright

    sys.path[:0] = [str(CHECKOUT)]
    from tests.journeys.conftest import ARGUMENTS, CHROMIUM

    program = os.environ.get("OMS_CHROMIUM") or next(filter(None, map(shutil.which, CHROMIUM)))
    TARGET.mkdir(parents=True, exist_ok=True)
    with served() as shop, sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=program, args=ARGUMENTS, chromium_sandbox=False)
        for name in names or PICTURES:
            path, size, language, scheme = PICTURES[name]
            page = signed_in(browser, *shop, size, language, scheme)
            if "{order}" in path:
                page.goto("/orders")
                row = page.locator("[data-row] [data-open]").nth(1)  # with a problem
                path = row.get_attribute("href")
            page.goto(path)
            if name in BEFORE:
                BEFORE[name](page)
            page.wait_for_timeout(500)
            page.screenshot(path=TARGET / f"{name}.png")
            print(f"{name}.png", flush=True)
            page.context.close()


if __name__ == "__main__":
    main(*sys.argv[1:])
