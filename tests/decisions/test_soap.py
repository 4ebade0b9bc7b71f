"""Envelopes are written as the schema wants them, answers read without trusting them."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest
from oms_connector import AccessRefused, ChannelDown, OutcomeUnknown, Refused, Response, soap

NS = "https://carrier.example/service"


def wrapped(inner: str, head: str = "") -> bytes:
    return (f'{head}<e:Envelope xmlns:e="{soap.ENVELOPE}"><e:Body>{inner}</e:Body></e:Envelope>'
            ).encode()


class Line:
    """An ``http`` that answers with one response and keeps what it was asked."""

    def __init__(self, status: int, body: bytes) -> None:
        self.response, self.asked = Response(status, {}, body), {}

    def request(self, method, path, **more):
        self.asked = {"method": method, "path": path, **more}
        return self.response


def refusal(fault, failing):
    if fault.code == "100":
        return AccessRefused(fault.text)
    return failing(fault.text) if fault.code == "Server" else Refused(fault.text, fault.code)


SERVICE = soap.Service("/soap", NS, f"{NS}#", refusal)


def test_an_envelope_keeps_its_order_and_types_and_escapes_what_is_in_it():
    written = soap.envelope(NS, "book", {
        "b": "Zażółć & <b>\x00", "a": [1, 2], "gone": None, "empty": "", "sum": Decimal("1E+1"),
        "yes": True, "day": date(2026, 11, 29),
        "box": {"@xsi:type": 'tns:"x"', "@none": None, "w": 1}, "code": {"@t": "q", "=": "5<6"}})
    assert written.decode() == (
        '<?xml version="1.0" encoding="UTF-8"?>'
        f'<soap:Envelope xmlns:soap="{soap.ENVELOPE}" xmlns:tns="{NS}" '
        f'xmlns:xsi="{soap.INSTANCE}"><soap:Body><tns:book><b>Zażółć &amp; &lt;b&gt; </b><a>1</a>'
        "<a>2</a><empty></empty><sum>10</sum><yes>true</yes><day>2026-11-29</day>"
        "<box xsi:type='tns:\"x\"'><w>1</w></box><code t=\"q\">5&lt;6</code></tns:book>"
        "</soap:Body></soap:Envelope>")
    assert b"<tns:book><tns:a><tns:b>1</tns:b></tns:a></tns:book>" in soap.envelope(
        NS, "book", {"a": {"b": 1}}, is_qualified=True)
    assert b"<soap:Header><w:Token a=\"1\">x</w:Token></soap:Header>" in soap.envelope(
        NS, "book", {}, header={"w:Token": {"@a": "1", "=": "x"}})


def test_what_was_written_is_read_again_by_local_names():
    body = soap.read(soap.envelope(NS, "answer", {"row": [{"@id": 7, "n": " a\n"}, {"n": "b"}]},
                                   is_qualified=True))
    found = body.child("answer")
    assert [(row.attributes, row.text("n")) for row in found.all("row")] \
        == [({"id": "7"}, "a"), ({}, "b")]
    assert found.text("row", "no", "such") == ""
    assert [one.value for one in body.within("n")] == ["a", "b"]


@pytest.mark.parametrize("content", [
    b"", b"not xml", b"<html><body>closed</body></html>", b"\xff\xfe<",
    wrapped("<a>")[:-20],
    wrapped("<a>&lol;</a>", '<!DOCTYPE l [<!ENTITY lol "ha">]>'),
    wrapped("<a>&x;</a>", '<!DOCTYPE l [<!ENTITY x SYSTEM "file:///etc/passwd">]>'),
    wrapped("<a/>", '<!DOCTYPE html>'),
    wrapped("<a>" * 100_000 + "</a>" * 100_000),
    wrapped("<a/>").replace(soap.ENVELOPE.encode(), b"http://www.w3.org/2003/05/soap-envelope"),
    f'<e:Envelope xmlns:e="{soap.ENVELOPE}"><e:Header/></e:Envelope>'.encode(),
    b'<?xml version="1.0" encoding="no-such-code"?>' + wrapped("<a/>"),
], ids=["empty", "text", "page", "bytes", "cut", "entity", "external", "doctype", "deep", "soap12",
        "bodiless", "encoding"])
def test_hostile_and_broken_answers_are_refused_without_being_quoted(content):
    with pytest.raises(soap.Malformed) as found:
        soap.read(content)
    assert "passwd" not in str(found.value)


def test_an_answer_as_deep_as_a_service_gives_it_is_read():
    deep = soap.DEEPEST - 2
    assert soap.read(wrapped("<a>" * deep + "x" + "</a>" * deep))


def test_a_call_goes_out_with_its_action_and_comes_back_as_its_answer():
    line = Line(200, wrapped('<n:bookResponse xmlns:n="x"><id>7</id></n:bookResponse>'))
    assert SERVICE.ask(line, "book", {"a": 1}, is_write=True).text("id") == "7"
    assert line.asked["headers"]["SOAPAction"] == f'"{NS}#book"'
    assert line.asked["safe"] is False
    SERVICE.ask(line, "book", {})
    assert line.asked["safe"] is True


FAULT = ("<e:Fault><faultcode>{}</faultcode><faultstring>no</faultstring>"
         "<detail><x>why</x></detail></e:Fault>")


@pytest.mark.parametrize(("status", "body", "read", "written"), [
    (500, wrapped(FAULT.format("100")), AccessRefused, AccessRefused),
    (200, wrapped(FAULT.format("e:Client")), Refused, Refused),
    (500, wrapped(FAULT.format("e:Server")), ChannelDown, OutcomeUnknown),
    (200, b"<html>come back later</html>", ChannelDown, OutcomeUnknown),
    (200, wrapped(""), ChannelDown, OutcomeUnknown),
    (200, wrapped("<otherResponse/>"), ChannelDown, OutcomeUnknown),
    (500, b"", ChannelDown, OutcomeUnknown),
    (500, wrapped("<bookResponse/>"), ChannelDown, OutcomeUnknown),
    (503, b"", ChannelDown, ChannelDown),
    (404, b"<html/>", ChannelDown, ChannelDown),
])
def test_what_is_no_answer_says_what_is_known_of_it(status, body, read, written):
    for is_write, error in ((False, read), (True, written)):
        with pytest.raises(error) as found:
            SERVICE.ask(Line(status, body), "book", {}, is_write=is_write)
        assert type(found.value) is error


def test_the_parts_of_a_fault():
    line, seen = Line(500, wrapped(FAULT.format("e:err_7"))), []
    service = soap.Service("/", NS, "", lambda fault, failing: seen.append(fault) or Refused("no"))
    with pytest.raises(Refused):
        service.ask(line, "book", {})
    assert seen == [soap.Fault("err_7", "no", "why")]
