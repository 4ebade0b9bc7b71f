"""Every request to KSeF is what its own OpenAPI file takes, and the stand-in answers as it says."""

from __future__ import annotations

from lxml import etree

from oms_web.domain.einvoices import fa3, service, settings
from oms_web.sync import einvoicing
from tests.contract.vendor_spec import VendorSpec, load_spec, shared
from tests.invoices import COMPANY, SELLER, made
from tests.sync.ksef import ANNA, START, pair, shop

OPENAPI = ("specs", "ksef", "openapi", "ksef-openapi-2.9.0-from-ksef-client-0.20.0-sdist.json")


class Listening:
    """Notes what KSeF's file has against what goes over the wire."""

    def __init__(self, spec: VendorSpec) -> None:
        self.spec, self.wrong, self.seen = spec, [], set()

    def __call__(self, asked, answer) -> None:
        path = asked.url.path
        if path.startswith("/store/"):  # an address that an answer names
            return
        self.seen.add(f"{asked.method} {path}")
        # The file calls XML a string, which a reader of XML does not make of it.
        if answer.status < 300 and "xml" not in asked.headers.get("content-type", ""):
            self.wrong += self.spec.in_request(
                asked.method, path, params=dict(asked.url.params), headers=dict(asked.headers),
                body=asked.content)
        if "xml" not in answer.headers["content-type"]:
            self.wrong += self.spec.in_response(asked.method, path, answer)


def test_all_that_is_asked_and_answered_is_what_ksefs_file_says(oms):
    ear = Listening(load_spec(shared(*OPENAPI), "/v2"))
    certificate, key = pair()
    with shop(oms) as here:
        here.wire.hear = ear
        here.ksef.books.slow = 1
        here.ksef.books.break_next = [450]
        here.issue(einvoicing.BATCH_FROM)
        here.settle()
        refused = next(one for one, state in here.states().items() if state == "rejected")
        with oms.works.writing(ANNA) as work:
            service.again(work, refused)
        here.settle()
        with oms.works.writing(ANNA) as work:  # a duplicate of ours
            row = service.locked(work, refused)
            row.state, row.ksef_number, row.due_at, row.session = "ready", None, work.now, None
        here.settle()
        assert set(here.states().values()) == {"accepted"}
        here.later(minutes=1)
        here.issue()
        here.run()
        buyer = {**COMPANY, "tax_id": "5252248481"}
        seller = {**SELLER, "tax_id": "5261040828"}
        here.ksef.books.put_incoming(fa3.write(made(buyer=buyer, put_seller=seller), START))
        here.later(minutes=1)
        assert einvoicing.read_incoming(oms.works) == 1
        with oms.works.writing(ANNA) as work:
            settings.change(work, {"login": "certificate", "certificate": certificate,
                                   "certificate_key": key})
        einvoicing.check(oms.works)
    assert sorted(set(ear.wrong)) == []
    assert len(ear.seen) > 25
    heads = {one.split("/")[2] for one in ear.seen}
    assert heads == {"auth", "security", "sessions", "invoices"}


def test_what_is_wrong_would_be_heard(oms):
    ear = Listening(load_spec(shared(*OPENAPI), "/v2"))
    assert ear.spec.in_request("POST", "/v2/sessions/online", headers={
        "Content-Type": "application/json", "Authorization": "Bearer x"}, body=b'{"a": 1}')
    assert ear.spec.in_request("GET", "/v2/sessions/offline/1/2/3")


def test_the_stand_ins_receipt_is_one_by_its_form_but_for_the_offices_name(oms):
    folder = shared("specs", "ksef", "docs", "faktury", "upo", "schemy")
    text = (folder / "upo-v4-3.xsd").read_bytes()
    schema = etree.XMLSchema(etree.fromstring(text))
    with shop(oms) as here:
        (document_id,) = here.issue()
        here.settle()
        upo = etree.fromstring(
            oms.works.ports["files"].path(here.row(document_id).upo_file).read_bytes())
    assert not schema.validate(upo)
    assert {"NazwaPodmiotuPrzyjmujacego" in one.message for one in schema.error_log} == {True}
