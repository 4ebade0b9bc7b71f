"""A real browser in front of a real server, for what only a browser can prove."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from sqlalchemy import select
from werkzeug.serving import make_server

from oms_web.domain.users import service as users
from oms_web.domain.users.models import User
from oms_web.web.auth import COOKIE
from tests.conftest import PASSWORD, TESTER
from tests.serving import serving

CHROMIUM = ("chromium", "chromium-browser", "google-chrome")
ARGUMENTS = ["--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
             "--disable-component-update", "--disable-sync", "--disable-dev-shm-usage",
             # A page lives for a second: what is made of its scripts to be fast later is lost.
             "--js-flags=--no-opt --no-maglev"]


@pytest.fixture(scope="session")
def chromium() -> Iterator[Any]:
    """A browser for the whole run: $OMS_CHROMIUM, the system's, or Playwright's own."""
    from playwright.sync_api import Error, sync_playwright

    installed = filter(None, map(shutil.which, CHROMIUM))
    program = os.environ.get("OMS_CHROMIUM") or next(installed, None)
    with sync_playwright() as playwright:
        try:
            browser = playwright.chromium.launch(executable_path=program, args=ARGUMENTS,
                                                 chromium_sandbox=False)
        except Error as error:
            pytest.skip(f"no browser here: {error}")
        yield browser
        browser.close()


@pytest.fixture
def app(own_app):
    """An app of the test's own: a browser may still be asking it while the next test begins."""
    return own_app


@pytest.fixture
def live(app) -> Iterator[str]:
    """The app on a loopback port, forms guarded as in real life; its address."""
    app.config["WTF_CSRF_ENABLED"] = True
    server = make_server("127.0.0.1", 0, app, threaded=True)
    with serving(server):
        yield f"http://127.0.0.1:{server.server_port}"


@pytest.fixture
def open_page(chromium, live, works) -> Iterator[Callable[..., Any]]:
    """A function: role, language, size, scheme -> a page that is signed in (tests of signing in
    type the password).

    At the end every page must have been free of policy violations, script errors and answers
    that are a fault of ours.
    """
    contexts, trouble = [], []

    def open_(role: str = "owner", language: str = "en", *, size: tuple[int, int] = (1440, 900),
              scheme: str = "light") -> Any:
        email = f"{role}@example.test"
        with works.writing(TESTER) as work:
            user_id = work.session.scalar(select(User.id).where(User.email == email))
            if user_id is None:
                users.create_user(work, email, role.title(), role, PASSWORD, language)
            else:
                users.set_language(work, user_id, language)
        context = chromium.new_context(
            base_url=live, viewport={"width": size[0], "height": size[1]}, color_scheme=scheme,
            locale=language, timezone_id="Europe/Warsaw",
        )
        contexts.append(context)
        page = context.new_page()
        page.on("console", lambda said: trouble.append(said.text)
                if said.type == "error" and "status of 4" not in said.text else None)
        page.on("pageerror", lambda error: trouble.append(str(error)))
        page.on("response", lambda answer: trouble.append(f"{answer.status} {answer.url}")
                if answer.status >= 500 else None)
        with works.writing(TESTER) as work:
            token, _ = users.sign_in(work, email, PASSWORD, address="", agent="", hours=12)
        context.add_cookies([{"name": COOKIE, "value": token, "url": live}])
        page.goto("/sign-in")  # leads on to where this role begins
        return page

    yield open_
    for context in contexts:
        context.close()
    assert trouble == []
