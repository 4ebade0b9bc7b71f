"""docs/api.md is true: its examples are run in order, its snippet verifies what we send."""

from __future__ import annotations

import json
import re
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from oms_web.api import openapi
from oms_web.api.operations import OPERATIONS
from oms_web.domain.audit import service as audit
from oms_web.domain.printers import service as printers
from oms_web.domain.users.scopes import SCOPES
from oms_web.domain.webhooks import patience, service
from oms_web.flows.issue_document import issue_invoice
from oms_web.jobs.rings import ring_webhooks
from oms_web.jobs.worker import drain
from tests import factories as make
from tests import paper
from tests.api.calling import make_caller
from tests.api.shaping import Shapes
from tests.api.test_fuzz import Paper
from tests.conftest import TESTER
from tests.sync.receiver import receiving

PAGE = (Path(__file__).parents[2] / "docs" / "api.md").read_text("utf-8")
BLOCK = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
ANY = "..."


@dataclass(frozen=True)
class Message:
    """A request or an answer as it is written on the page."""

    first: str
    headers: dict[str, str]
    body: str

    @property
    def words(self) -> list[str]:
        return self.first.split(" ", 2)


def message(text: str) -> Message:
    head, _, body = text.partition("\n\n")
    first, *lines = head.strip().split("\n")
    return Message(first, dict(line.split(": ", 1) for line in lines), body.strip())


def messages() -> list[Message]:
    return [message(text) for kind, text in BLOCK.findall(PAGE) if kind == "http"]


def examples() -> list[tuple[Message, Message]]:
    """Each request to us, with the answer that stands after it."""
    ours = [one for one in messages() if not one.first.startswith("POST /oms ")]
    asked, answered = ours[::2], ours[1::2]
    assert all(one.first.startswith("HTTP/1.1 ") for one in answered)
    assert all(one.words[1].startswith("/api/v1/") for one in asked)
    return list(zip(asked, answered, strict=True))


def contains(found: Any, shown: Any, where: str = "") -> None:
    """What is shown must be there; lists are shown whole."""
    if shown == ANY:
        assert found not in (None, ""), where
    elif isinstance(shown, dict):
        assert isinstance(found, dict), where
        assert shown.keys() <= found.keys(), where
        for name, value in shown.items():
            contains(found[name], value, f"{where}.{name}")
    elif isinstance(shown, list) and shown and isinstance(shown[0], dict):
        assert len(found) == len(shown), where
        for number, value in enumerate(shown):
            contains(found[number], value, f"{where}.{number}")
    else:
        assert found == shown, where


@pytest.fixture
def caller(app, works, oms):
    """A shop with a warehouse and nothing else, and a key that may do everything."""
    with works.writing(TESTER) as work:
        make.company(work)
        paper.company(work)
        make.warehouse(work)
    oms.__dict__["printing"] = Paper()
    yield make_caller(app, works)
    del oms.__dict__["printing"]


def send(caller, asked: Message):
    method, address, _ = asked.words
    headers = {name: value.replace("oms_...", caller.key) for name, value in asked.headers.items()}
    return caller.client.open(address, method=method, headers=headers, data=asked.body.encode())


def print_something(works):
    """People choose what comes out of a printer, and print."""
    with works.writing(TESTER) as work:
        office = printers.every(work.session)[0]
        printers.set_route(work, office.station, printers.SLIP, office.id)
        file = work.ports["prints"].put(b"%PDF-1.7", ".pdf")
        printers.ask(work, office.station, printers.SLIP, "PS 10001", file, "one")


def test_every_example_is_answered_as_it_is_shown(works, caller):
    for asked, shown in examples():
        if asked.words[1].startswith("/api/v1/documents?"):  # people issue documents
            with works.writing(TESTER) as work:
                issue_invoice(work, 10001)
        if asked.words[1] == "/api/v1/print-jobs/take":
            print_something(works)
        answer = send(caller, asked)
        what = (asked.first, answer.status, answer.get_data(as_text=True)[:600])
        assert str(answer.status_code) == shown.words[1], what
        for name, value in shown.headers.items():
            told = answer.headers[name].partition(";")[0] if name == "Content-Type" \
                else answer.headers[name]
            assert value in (ANY, told), what
        if shown.body:
            contains(answer.json, json.loads(shown.body), asked.first)


def test_an_answer_that_is_shown_wrong_is_noticed():
    contains({"a": [{"b": 1, "c": 2}]}, {"a": [{"b": 1}]})
    for wrong in ({"a": [{"b": 2}]}, {"a": []}, {"a": [{"d": 1}]}, {"x": 1}, {"a": [{}, {}]}):
        with pytest.raises(AssertionError):
            contains({"a": [{"b": 1, "c": 2}]}, wrong)


def test_every_operation_scope_and_problem_stands_on_the_page():
    called = {(one.words[0], one.words[1].partition("?")[0].removeprefix("/api/v1"))
              for one, _ in examples()}
    missing = [one.name for one in OPERATIONS if not any(
        method == one.method and re.fullmatch(re.sub(r"{\w+}", "[^/]+", one.path), path)
        for method, path in called)]
    assert missing == []
    assert [scope for scope in SCOPES if f"`{scope}`" not in PAGE] == []
    kinds = openapi.problems.KINDS
    assert [name for name in kinds if f"`{name}`" not in PAGE] == []


# Webhooks --------------------------------------------------------------------------------------


@pytest.fixture
def snippet():
    """The function that the page tells receivers to use."""
    [code] = [text for kind, text in BLOCK.findall(PAGE) if kind == "python"]
    names: dict[str, Any] = {}
    exec(code, names)
    return names["is_from_oms"]


@pytest.fixture
def told(oms, works):
    """A webhook's secret, and what it was sent."""
    with receiving() as receiver:
        with works.writing(TESTER) as work:
            _, secret = service.create(work, "Shop", receiver.url, ["order"])
            audit.record(work, "orders.hold", "order", 10001, {"reason": [None, "Łódź"]})
        ring_webhooks(oms)
        drain(oms)
    return secret, receiver.got[0]


def test_the_snippet_believes_what_we_sent_and_nothing_else(snippet, told):
    secret, got = told
    signature = got.headers["oms-signature"]
    assert snippet(secret, signature, got.body)
    assert not snippet(secret, signature, got.body.replace(b"10001", b"10002"))
    assert not snippet(secret, signature, got.body + b" ")
    assert not snippet(secret + "x", signature, got.body)
    moment = signature.split(",")[0]
    later = f"t={int(moment[2:]) + 1}"
    assert not snippet(secret, signature.replace(moment, later), got.body)
    assert not snippet(secret, signature, got.body, now=time.time() + 400)
    for broken in ("", "t=1", moment, signature.split(",")[1], "t=x,v1=y", f"{moment},{signature}"):
        assert not snippet(secret, broken, got.body), broken


def test_the_snippet_believes_both_secrets_while_they_are_exchanged(snippet, oms, works):
    with receiving() as receiver:
        with works.writing(TESTER) as work:
            row, old = service.create(work, "Shop", receiver.url, ["order"])
            new = service.rotate(work, row.id)
            audit.record(work, "orders.hold", "order", 10001)
        ring_webhooks(oms)
        drain(oms)
    [got] = receiver.got
    assert snippet(old, got.headers["oms-signature"], got.body)
    assert snippet(new, got.headers["oms-signature"], got.body)


def test_what_a_webhook_is_sent_looks_as_it_is_shown(told):
    [shown] = [one for one in messages() if one.first.startswith("POST /oms ")]
    _, got = told
    assert {name.lower() for name in shown.headers} <= got.headers.keys()
    event = json.loads(shown.body)
    shapes = Shapes(openapi.document(), {})
    for one in (event, got.event):
        shapes.validator({"$ref": "#/components/schemas/Event"}).validate(one)
        assert one.keys() == event.keys()
    assert got.number == str(got.event["id"])


def test_the_pauses_are_those_on_the_page():
    shown = [patience.pause_after(n).total_seconds() for n in range(1, 10)]
    assert shown == [5, 15, 60, 300, 900, 3600, 10800, 21600, 21600]
    assert "5 s, 15 s, 1 min, 5 min, 15 min, 1 h, 3 h, then\n  every 6 h" in PAGE
