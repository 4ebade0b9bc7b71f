"""Messages to buyers on their way: once, and known or said to be unknown."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import select, update

from oms_web.automation import recalling, running
from oms_web.core.actor import SYSTEM
from oms_web.domain.automation.models import RuleRun
from oms_web.domain.company.models import Company
from oms_web.domain.messages import pages, service, settings, templates
from oms_web.domain.orders.outgoing import Outgoing
from oms_web.domain.orders.service import order_lines
from oms_web.flows import (
    issue_document,
    order_edit,
    order_split,
    order_together,
    ship,
)
from tests import factories as make
from tests import paper
from tests.automation.rule_desk import ANNA
from tests.sync.mail_server import self_signed
from tests.sync.post import MAIL, PUBLIC, Post


def test_a_rule_writes_once_when_an_order_leaves_on_both_databases(both, monkeypatch, server):
    post = Post(both, monkeypatch, server)
    post.rule("Wysłano", "shipped", then=[("message", {"template": post.mail})])
    post.rule("Drugi raz", "shipped", then=[("message", {"template": post.mail})])
    order_id = post.fresh()
    post.clock.forward(minutes=1)
    with post.works.writing(ANNA) as work:
        ship.ship_order(work, order_id, carrier="InPost", number="6" * 24)
    post.run()
    for _ in range(2):
        post.send()
    [row] = post.rows()
    assert (row.state, row.by_kind, row.by_name, row.attempts) == ("sent", "rule", "Wysłano", 1)
    [letter] = server.got
    assert letter["To"] == "anna@example.test"
    assert letter["From"] == "Sklep Żółw <my@sklep.example>"
    assert letter["Subject"] == f"Zamówienie {order_id}"
    text = letter.get_body(("plain",)).get_content().replace("\r\n", "\n")
    assert "Cześć Anna!\n.kropka\n" in text
    assert f"Śledź: https://inpost.pl/sledzenie-przesylek?number={'6' * 24}" in text
    assert f"{PUBLIC}/o/" in text
    assert "Cześć Anna!<br>" in letter.get_body(("html",)).get_content()


def test_what_is_recalled_no_buyer_hears_of(post, server):
    with post.works.writing(SYSTEM) as work:
        work.session.execute(update(Company).values(recall_seconds=60))
    post.rule("Wysłano", "shipped", then=[("message", {"template": post.mail})])
    order_id = post.fresh()
    for recalled in (True, False):
        post.clock.forward(minutes=1)
        post.do(lambda work: ship.ship_order(work, order_id))
        post.clock.forward(seconds=5)
        post.run()
        post.send()
        assert (post.states()[-1], server.got) == ("waiting", [])
        if recalled:
            post.do(lambda work: recalling.recall(
                work, work.session.scalars(select(Outgoing.id)).one()))
            assert post.states() == ["dropped"]
    post.clock.forward(minutes=1)
    post.send()
    assert post.states() == ["dropped", "sent"]
    assert len(server.got) == 1


def test_what_a_rule_wrote_of_something_else_is_sent_all_the_same(post, server):
    with post.works.writing(SYSTEM) as work:
        work.session.execute(update(Company).values(recall_seconds=60))
    post.rule("Wysłano", "shipped", then=[("message", {"template": post.mail})])
    post.rule("Pilne", "tagged", then=[("message", {"template": post.mail})])
    order_id = post.fresh()
    post.clock.forward(minutes=1)
    post.do(lambda work: ship.ship_order(work, order_id))
    post.clock.forward(seconds=5)
    post.do(order_edit.add_tag, order_id, "pilne")
    post.run()
    assert post.states() == ["waiting", "waiting"]
    post.do(lambda work: recalling.recall(
        work, work.session.scalars(select(Outgoing.id)).one()))
    assert {row.by_name: row.state for row in post.rows()} == {
        "Wysłano": "dropped", "Pilne": "waiting"}


def test_a_rule_that_comes_late_writes_nothing_of_what_was_recalled(post, server):
    with post.works.writing(SYSTEM) as work:
        work.session.execute(update(Company).values(recall_seconds=60))
    post.rule("Wysłano", "shipped", then=[("message", {"template": post.mail})])
    ids = [post.fresh(), post.fresh()]
    post.do(lambda work: order_together.join(work, ids))
    for asked_in_time in (True, False):
        post.clock.forward(minutes=2)
        post.do(lambda work: ship.ship_order(work, ids[0]))
        post.clock.forward(seconds=5)
        if asked_in_time:
            post.run()
        post.do(lambda work: recalling.recall(work, work.session.scalars(
            select(Outgoing.id).order_by(Outgoing.id.desc()).limit(1)).one()))
        post.run()
        assert post.states() == ["dropped", "dropped"]
    post.clock.forward(minutes=2)
    post.send()
    assert server.got == []


def test_the_page_of_a_part_that_was_joined_again_shows_the_order_it_went_to(post):
    order_id = post.fresh(lines={"KUB": 2})
    with post.works.writing(ANNA) as work:
        [line] = order_lines(work.session, order_id)
        part = order_split.split(work, order_id, {line.id: 1})
        token = pages.link(work, part).rpartition("/")[2]
        assert pages.find(work.session, token, work.now).id == part
    post.do(order_split.join, part)
    with post.works.reading(SYSTEM) as work:
        assert pages.find(work.session, token, work.now).id == order_id


def test_an_answer_lost_after_the_letter_is_unknown_and_a_person_decides(post, server):
    server.answers = {"end": ["hang up", "hang up"]}
    first, second = post.write(post.fresh()), post.write(post.fresh())
    post.send()
    post.clock.forward(minutes=10)
    post.send()
    assert post.states() == ["unknown", "unknown"]
    assert len(server.got) == 2
    post.do(service.settle, first)
    post.do(service.again, second)
    post.send()
    assert post.states() == ["sent", "sent"]
    # It is the same letter: whoever got the first one knows the second by its id.
    assert server.got[1]["Message-ID"] == server.got[2]["Message-ID"]
    assert server.got[0]["Message-ID"] != server.got[1]["Message-ID"]


def test_what_passes_is_tried_again_and_what_does_not_is_said(post, server):
    server.answers = {"rcpt": ["451 4.7.1 try later", "550 5.1.1 nobody here"]}
    post.write(post.fresh(buyer_email="Gone@example.test"))
    post.send()
    [row] = post.rows()
    assert (row.state, row.why[1]["text"]) == ("waiting", "451 4.7.1 try later")
    post.send()  # not before its time
    assert server.lines == 1
    post.clock.forward(minutes=1)
    post.send()
    assert post.states() == ["failed"]
    # Nothing more goes to an address that is none, and that is said at once.
    post.write(post.fresh(buyer_email="gone@example.test"))
    post.send()
    assert post.states() == ["failed", "failed"]
    assert server.lines == 2
    assert post.do(service.allow_address, "gone@example.test")
    post.do(service.again, post.rows()[1].id)
    post.send()
    assert post.states() == ["failed", "sent"]


def test_a_refusal_of_the_text_does_not_blame_the_address(post, server):
    server.answers = {"end": ["554 5.7.1 looks like spam"]}
    post.write(post.fresh())
    post.send()
    assert post.states() == ["failed"]
    with post.works.reading(SYSTEM) as work:
        assert not service.is_refused(work, "anna@example.test")


def test_a_wrong_password_stops_the_line_and_is_said_and_everything_waits(post, server):
    server.answers = {"auth": ["535 5.7.8 no"]}
    for _ in range(3):
        post.write(post.fresh())
    post.send()
    assert post.states() == ["waiting"] * 3
    assert server.logins == 1
    with post.works.reading(SYSTEM) as work:
        assert "user and password" in settings.get(work.session).trouble[0]
    post.clock.forward(minutes=3)
    post.send()
    assert post.states() == ["sent"] * 3
    assert server.lines == 2
    with post.works.reading(SYSTEM) as work:
        assert settings.get(work.session).trouble is None


def test_a_worker_that_died_over_a_letter_leaves_a_doubt_and_not_a_second_letter(post):
    message_id = post.write(post.fresh())
    with post.works.writing(SYSTEM) as work:
        held = service.take(work, "email")
    assert held.id == message_id
    post.send()
    assert post.states() == ["sending"]
    post.clock.forward(minutes=6)
    post.send()
    assert post.states() == ["unknown"]
    assert post.server.got == []
    # What the dead one would have noted is too late.
    with post.works.writing(SYSTEM) as work:
        service.note(work, held, service.Verdict("sent"))
    assert post.states() == ["unknown"]


def test_what_is_too_old_is_not_sent_any_more(post):
    with post.works.writing(ANNA) as work:
        work.session.execute(update(settings.MessageSettings).values(host=""))
    post.write(post.fresh())
    post.send()
    assert (post.states(), post.rows()[0].why) == (["waiting"], ["The mail server is not set up "
                                                                "yet.", {}])
    post.clock.forward(days=4)
    post.send()
    assert post.states() == ["failed"]


def test_the_same_occasion_is_written_once_and_another_again(post):
    order_id = post.fresh()
    assert post.write(order_id, occasion="trail:7")
    assert post.write(order_id, occasion="trail:7") is None
    assert post.write(order_id, occasion="trail:8")
    assert post.write(order_id, post.sms, occasion="trail:8")


def test_without_an_address_it_is_said_and_the_rest_of_the_rule_is_done(post):
    post.rule("Nowe", "came", then=[("message", {"template": post.mail}), ("tag", {"tag": "x"})])
    order_id = post.fresh(buyer_email="", ship_to=make.WARSAW.__class__(country="PL"))
    post.run()
    assert (post.states(), post.tags(order_id)) == (["failed"], {"x"})


def test_history_is_not_written_about_by_rules_but_by_people(post):
    post.rule("Nowe", "came", then=[("message", {"template": post.mail})])
    post.rule("Etykieta", "tagged", then=[("message", {"template": post.mail})])
    old = post.order(placed_at=post.works.clock() - timedelta(days=5))
    left = post.order(placed_at=post.works.clock() - timedelta(hours=3), state="shipped",
                      shipped_at=post.works.clock() - timedelta(hours=1))
    post.do(order_edit.add_tag, left, "pilne")
    post.run()
    assert post.states() == []
    # It has been brought in; what happens to it from now on is news.
    post.clock.forward(hours=2)
    post.do(order_edit.add_tag, old, "pilne")
    post.run()
    assert post.states() == ["waiting"]
    assert post.write(left)


def test_a_message_is_called_off_with_the_rest_while_it_waits(post):
    rule = post.rule("Nowe", "came", then=[("message", {"template": post.mail}),
                                           ("tag", {"tag": "x"})])
    order_id = post.fresh()
    post.run()
    [[run_id]] = post.all(select(RuleRun.id).where(RuleRun.rule_id == rule))
    with post.works.writing(ANNA) as work:
        running.undo(work, run_id)
    assert (post.states(), post.tags(order_id)) == (["dropped"], set())


def test_nothing_goes_out_in_the_clear_or_to_who_cannot_prove_who_it_is(post, server, tmp_path,
                                                                        monkeypatch):
    certificate = self_signed(tmp_path)
    post.write(post.fresh())
    for security, words in (("starttls", "does not encrypt"), ("tls", "not to be trusted")):
        post.set(security=security, tls=certificate if security == "tls" else None)
        post.clock.forward(minutes=5)
        post.send()
        assert words in post.rows()[0].why[0]
    assert server.got == []
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    post.clock.forward(minutes=30)
    post.send()
    assert post.states() == ["sent"]


def test_a_document_goes_along(post, server):
    with post.works.writing(ANNA) as work:
        templates.change(work, post.mail, MAIL | {"attach": True})
    with post.works.writing(ANNA) as work:
        paper.company(work)
        order_id = paper.order(work, buyer_email="anna@example.test").id
    post.oms.__dict__["printing"] = type("P", (), {
        "for_buyer": staticmethod(lambda document_id: b"%PDF-1.7 one")})
    post.do(issue_document.issue_invoice, order_id)
    post.write(order_id)
    post.send()
    [sent] = list(server.got[0].iter_attachments())
    assert sent.get_content_type() == "application/pdf"
    assert sent.get_content() == b"%PDF-1.7 one"


def test_the_words_of_a_channel_and_of_a_language(post):
    post.do(templates.set_variant, post.mail, post.account.id, {
        "subject_pl": "Targ {{order.number}}", "text_pl": "Z targu"})
    german = make.WARSAW.__class__(name="Uwe Test", country="DE", city="Bonn", postcode="53111",
                                   street="A 1")
    post.write(post.fresh())
    post.write(post.fresh(ship_to=german))
    assert [(row.language, row.text) for row in post.rows()] == [
        ("pl", "Z targu"), ("en", "Hello Anna")]


# SMS ---------------------------------------------------------------------------------------------


def test_a_page_has_one_key_until_it_is_exchanged_and_the_database_alone_opens_none(post):
    order_id = post.fresh()
    with post.works.writing(ANNA) as work:
        link = pages.link(work, order_id)
        assert pages.link(work, order_id) == link
        row = work.session.get(pages.OrderPage, order_id)
        assert link.rpartition("/")[2].encode() not in row.sealed
    token = link.rpartition("/")[2]
    assert len(token) >= 32
    now = post.works.clock()
    with post.works.reading(ANNA) as work:
        assert pages.find(work.session, token, now).id == order_id
        with pytest.raises(pages.NotFound):
            pages.find(work.session, row.token_hash, now)
    post.do(pages.exchange, order_id)
    with post.works.reading(ANNA) as work:
        assert pages.known_link(work, order_id) != link
        with pytest.raises(pages.NotFound):
            pages.find(work.session, token, now)
