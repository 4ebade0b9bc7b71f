"""Every kind of document that the flows issue, taken by a KSeF that judges it by the schema."""

from __future__ import annotations

import pytest
from lxml import etree

from oms_web.core.errors import Invalid, InvalidForm
from oms_web.domain.documents.correcting import Ask as Correct
from oms_web.domain.einvoices import fa3, service
from oms_web.flows.correct_document import correct_invoice
from oms_web.flows.issue_document import issue_advance, issue_invoice, issue_proforma
from tests import paper
from tests.sync.ksef import ANNA, COMPANY_BUYER, shop


@pytest.fixture
def here(oms):
    with shop(oms) as made:
        yield made


def xml_of(shop, document_id):
    row = shop.row(document_id)
    assert row.state == "accepted", (row.state, row.words)
    return etree.fromstring(shop.oms.works.ports["files"].path(row.file).read_bytes())


def text(tree, name):
    return [node.text for node in tree.iter("{*}" + name)]


def test_corrections_of_all_sorts_are_taken(here):
    with here.oms.works.writing(ANNA) as work:
        order_id = paper.order(work, [("Kubek", 3, "39.90", "23"), ("Książka", 2, "52.50", "5")],
                               shipping=1500, **COMPANY_BUYER).id
        first = issue_invoice(work, order_id)[0]
    lines = {line["title"]: line["line_id"] for line in first.snapshot["lines"]}
    made = []
    for ask in (
        Correct(reason="Zwrot", quantities={lines["Kubek"]: 1}),
        Correct(reason="Pomyłka", buyer={**first.snapshot["buyer"], "street": "Nowa 1"}),
    ):
        with here.oms.works.writing(ANNA) as work:
            made.append(correct_invoice(work, first.id, ask)[0])
    assert here.states()[made[0].id] == "awaiting"
    here.settle(10)
    for correction in made:
        tree = xml_of(here, correction.id)
        assert text(tree, "RodzajFaktury") == ["KOR"]
        assert text(tree, "NrKSeFFaKorygowanej") == [here.row(first.id).ksef_number]
        assert text(tree, "P_15") == [f"{correction.gross / 100:.2f}"]
    assert text(xml_of(here, made[1].id), "P_13_1") == []


def test_a_correction_that_ksef_would_refuse_is_not_issued_while_its_invoice_waits(here):
    (document_id,) = here.issue()
    with pytest.raises(InvalidForm) as refused, here.oms.works.writing(ANNA) as work:
        correct_invoice(work, document_id, Correct(reason="Pomyłka", rates={1: "zw"}))
    assert str(refused.value.problems["exempt_basis"]).startswith("Name the provision")
    assert here.states() == {document_id: "ready"}


def test_a_correction_that_cannot_be_written_keeps_no_number_back(here, monkeypatch):
    """The invoice has its number all the same, and what follows goes on."""
    (document_id,) = here.issue()
    with here.oms.works.writing(ANNA) as work:
        waits, _ = correct_invoice(work, document_id, Correct(reason="Zwrot", quantities={1: 0}))
    write = fa3.write

    def broken(snapshot, *rest):
        if snapshot["kind"] == "correction":
            raise Invalid("cannot be said")
        return write(snapshot, *rest)

    monkeypatch.setattr(fa3, "write", broken)
    here.settle(6)
    assert here.states() == {document_id: "accepted", waits.id: "rejected"}
    monkeypatch.undo()
    with here.oms.works.writing(ANNA) as work:
        service.again(work, waits.id)
    here.settle(6)
    assert here.states()[waits.id] == "accepted"


def test_an_advance_and_its_final_invoice_are_taken_and_a_pro_forma_does_not_go(here):
    with here.oms.works.writing(ANNA) as work:
        order = paper.order(work, [("Kubek", 10, "39.90", "23")], **COMPANY_BUYER)
        order.paid_total, order.payment_state = 10000, "part"
        proforma = issue_proforma(work, order.id)[0]
        advance = issue_advance(work, order.id)[0]
    here.settle()
    with here.oms.works.writing(ANNA) as work:
        order = work.session.get_one(type(order), order.id)
        order.paid_total, order.payment_state = order.total, "paid"
        final = issue_invoice(work, order.id)[0]
    here.settle()
    assert proforma.id not in here.states()
    tree = xml_of(here, advance.id)
    assert text(tree, "RodzajFaktury") == ["ZAL"]
    assert text(tree, "P_15") == ["100.00"]
    assert text(tree, "WartoscZamowienia") == ["399.00"]
    tree = xml_of(here, final.id)
    assert text(tree, "RodzajFaktury") == ["ROZ"]
    assert text(tree, "NrKSeFFaZaliczkowej") == [here.row(advance.id).ksef_number]
    assert text(tree, "P_15") == ["299.00"]
