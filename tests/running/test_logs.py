"""Log lines: one event a line, whatever text comes from outside."""

from __future__ import annotations

import io
import logging
import re

import pytest

from oms_web.core import logs


@pytest.fixture
def lines(monkeypatch):
    """A function: level -> where the lines of a fresh logging go."""
    root = logging.getLogger()
    before = root.handlers[:], root.level
    quiet = {name: logging.getLogger(name).level for name in (*logs._TALKATIVE, "waitress.queue")}
    out = io.StringIO()

    def start(level: str) -> io.StringIO:
        root.handlers[:] = []
        logs.start_logging(level)
        root.handlers[0].setStream(out)
        return out

    yield start
    root.handlers[:], root.level = before
    for name, level in quiet.items():
        logging.getLogger(name).setLevel(level)


def test_text_from_outside_cannot_begin_a_line_of_its_own(lines):
    out = lines("INFO")
    said = "a\n2026-01-01T00:00:00Z INFO forged\r\x1b[2J"
    logging.getLogger("oms.x").warning("buyer said %s", said)
    assert out.getvalue().count("\n") == 1
    assert "\x1b" not in out.getvalue()
    assert re.match(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ WARNING oms\.x: buyer said a\\n2026",
                    out.getvalue())


def test_a_traceback_is_kept(lines):
    out = lines("INFO")
    try:
        raise ValueError("broken")
    except ValueError:
        logging.getLogger("oms.x").exception("it failed")
    assert "it failed\nTraceback" in out.getvalue()
    assert "ValueError: broken" in out.getvalue()


@pytest.mark.parametrize(("level", "told"), [("INFO", False), ("DEBUG", True)])
def test_talkative_libraries_are_heard_only_on_request(lines, level, told):
    out = lines(level)
    logging.getLogger("apscheduler.scheduler").info("rings")
    logging.getLogger("oms.http").info("asked")
    assert ("rings" in out.getvalue()) is told
    assert ("asked" in out.getvalue()) is told
