"""Messages through channels: heard once, in whatever order they come; answered once, whatever is
lost.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta

import pytest
from oms_connector import (
    Attached,
    BuyerMessage,
    ChannelDown,
    OutcomeUnknown,
    Page,
    Refused,
    Unreadable,
)
from sqlalchemy import select

from oms_web.core.actor import SYSTEM, Actor
from oms_web.core.errors import NotAllowedNow
from oms_web.domain.channels.models import ChannelAccount
from oms_web.domain.messages import conversations, service, templates, threads
from oms_web.domain.messages.models import Message, Thread, ThreadMessage
from oms_web.flows import order_message, thread_answer
from oms_web.jobs import rings
from oms_web.jobs.worker import drain
from oms_web.sync.models import Feed, Quarantine
from oms_web.sync.pull_messages import MESSAGES
from oms_web.sync.pull_told import pull_told
from tests import factories as make
from tests.automation.rule_desk import Clock
from tests.sync.channel import Channel, connect, engine

ANNA = Actor("user", "Anna", 1)
RULE = Actor("rule", "Wysłane", 7)
MOST = 2000


@dataclass
class Talking(Channel):
    """A channel whose buyers write. ``loses``: an act and what it raises then, after it was done.
    """

    talk: list = field(default_factory=list)
    sent: dict = field(default_factory=dict)
    read: list = field(default_factory=list)
    answers: list = field(default_factory=list)
    hides: bool = False

    def connector(self):
        channel = self

        class Writing(super().connector()):
            def pull_messages(self, cursor, limit):
                start = (cursor or {}).get("at", 0)
                end = min(start + 3, len(channel.talk))
                return Page(tuple(channel.talk[start:end]), {"at": end}, end < len(channel.talk))

            def send_message(self, message):
                wrong = channel.answers.pop(0) if channel.answers else None
                if not isinstance(wrong, (ChannelDown, Refused)):
                    channel.sent.setdefault(message.key, []).append(message)
                if wrong is not None:
                    raise wrong
                return self.find_message(message)

            def find_message(self, message):
                if channel.hides or message.key not in channel.sent:
                    return None
                return BuyerMessage(
                    f"S{[*channel.sent].index(message.key)}", message.thread or "W1",
                    self.context.now, message.text, True, "my", order_ref=message.order_ref,
                    key=message.key)

            def mark_read(self, thread):
                channel.read.append(thread)

        return Writing


def told(number=1, text="Kiedy paczka?", minutes=-10, ours=False, order="A1", thread="W1", **more):
    return BuyerMessage(f"M{number}", thread, make.NOON + timedelta(minutes=minutes), text, ours,
                        "ania", order_ref=order, **more)


class Desk:
    """A shop on such a channel, with one order."""

    def __init__(self, oms, monkeypatch):
        self.oms, self.works = oms, oms.works
        make.shop(oms.works, {"KUB": 10})
        self.channel = Talking(journal=[make.order("A1", {"KUB": 2})])
        self.clock = Clock(monkeypatch, oms.works)
        self.clock.now = make.NOON
        self.account = connect(oms, self.channel).id
        rings.ring_feeds(oms)
        drain(oms)

    def pull(self):
        return pull_told(engine(self.oms), self.account, MESSAGES)

    def hear(self, *items):
        self.channel.talk += items
        return self.pull()

    def rows(self, model):
        with self.works.reading(SYSTEM) as work:
            return list(work.session.scalars(select(model).order_by(model.id)))

    def do(self, act, *args, actor=ANNA):
        with self.works.writing(actor) as work:
            return act(work, *args)

    def answer(self, text="Jutro.", key="f1"):
        return self.do(thread_answer.answer, self.rows(Thread)[0].id, text, key, MOST)

    def send(self):
        rings.ring_messages(self.oms)
        drain(self.oms)

    def waits(self):
        return [one.waiting_since for one in self.rows(Thread)]


@pytest.fixture
def desk(both, monkeypatch):
    return Desk(both, monkeypatch)


def test_a_message_stands_at_its_order_once_however_often_it_comes(desk):
    assert desk.hear(told(), told(), told(2, "Halo?", -5)).added == 2
    assert desk.hear(told(2, "Halo?", -5)).same == 1
    [thread] = desk.rows(Thread)
    assert (thread.buyer, thread.waiting_since) == ("ania", make.NOON + timedelta(minutes=-10))
    with desk.works.reading(SYSTEM) as work:
        said = conversations.said_about(work.session, 10001)
        assert conversations.orders_of(work.session, [thread]) == {thread.id: 10001}
    assert [(one.text, one.ours, one.waits) for one in said] == [
        ("Kiedy paczka?", False, True), ("Halo?", False, True)]


def test_an_order_that_comes_after_its_message_is_found(desk):
    desk.hear(told(order="A2"))
    with desk.works.reading(SYSTEM) as work:
        assert len(conversations.listed(work.session, "orphans", user_id=1).rows) == 1
    desk.channel.journal.append(make.order("A2", {"KUB": 1}))
    desk.clock.forward(minutes=1)
    rings.ring_feeds(desk.oms)
    drain(desk.oms)
    with desk.works.reading(SYSTEM) as work:
        assert conversations.listed(work.session, "orphans", user_id=1).rows == []
        assert len(conversations.said_about(work.session, 10002)) == 1


def test_what_is_hostile_is_text_and_bounded(desk):
    nasty = "<script>alert(1)</script>\r\n\0\x1b[31m‮zła" + "a" * 30_000
    desk.hear(told(text=nasty, attachments=(
        Attached("javascript.pdf", "javascript:alert(1)"), Attached("b" * 999, "https://x@evil"),
        Attached("ok.jpg", "https://files.example/ok.jpg"), *[Attached("n")] * 50)))
    [row] = desk.rows(ThreadMessage)
    assert row.text.startswith("<script>alert(1)</script>\n[31m")
    assert len(row.text) <= threads.MOST_TEXT + 4
    assert [one["url"] for one in row.files[:3]] == ["", "", "https://files.example/ok.jpg"]
    assert (len(row.files), len(row.files[1]["name"])) == (20, 200)


def test_what_cannot_be_read_is_kept_and_harms_no_other(desk):
    pulled = desk.hear(told(1), Unreadable("M2", "{}", "odd"), told(3, thread=""), told(4))
    assert (pulled.added, pulled.quarantined) == (2, 2)
    assert [(one.kind, one.external_id) for one in desk.rows(Quarantine)] == [
        ("message", "M2"), ("message", "M3")]


def test_an_answer_ends_the_wait_in_whatever_order_they_come(desk):
    desk.hear(told(2, "Jutro.", -5, ours=True), told(1, minutes=-10))
    assert desk.waits() == [None]
    desk.hear(told(3, "A czy można...", -8))  # came late, and nobody has seen it
    assert desk.waits() != [None]
    desk.hear(told(4, "Można.", -1, ours=True))
    assert desk.waits() == [None]


def test_what_is_old_when_it_comes_is_history(desk):
    desk.hear(told(1, minutes=-60 * 24 * 20), told(2, minutes=-60 * 24 * 3, thread="W2"),
              told(3, "Tak", minutes=-60 * 24 * 2, thread="W2", ours=True),
              told(4, "Stare", minutes=-60 * 24 * 4, thread="W2"))
    assert desk.waits() == [None, None]


def test_the_page_and_its_cursor_are_one(desk):
    desk.channel.talk += [told(number, minutes=-number) for number in range(1, 6)]

    def dies(*_):
        raise RuntimeError("killed")

    with pytest.raises(RuntimeError):
        pull_told(engine(desk.oms), desk.account, MESSAGES, dies)
    feed = next(one for one in desk.rows(Feed) if one.name == "messages")
    assert (feed.cursor, len(desk.rows(ThreadMessage))) == ({"at": 3}, 3)
    assert desk.pull().added == 2


def test_an_answer_goes_once_is_known_when_it_comes_back_and_marks_the_thread_read(desk):
    desk.hear(told())
    assert desk.answer()
    assert desk.answer() is None
    assert desk.waits() == [None]
    desk.send()
    [row] = desk.rows(Message)
    assert (row.state, row.kind, row.reference, row.order_id) == ("sent", "channel", "S0", 10001)
    [sent] = desk.channel.sent.values()
    assert [(one.text, one.thread, one.order_ref) for one in sent] == [("Jutro.", "W1", "A1")]
    desk.hear(told(9, "Jutro.", 1, ours=True))
    desk.channel.talk[-1:] = []
    with desk.works.reading(SYSTEM) as work:
        assert [one.text for one in conversations.said_about(work.session, 10001)].count("Jutro.")
    assert desk.channel.read == ["W1"]


def test_a_lost_answer_is_looked_for_and_never_sent_twice(desk):
    desk.hear(told())
    desk.answer()
    desk.channel.answers = [OutcomeUnknown("gone")]
    desk.send()
    [row] = desk.rows(Message)
    assert (row.state, row.doubtful) == ("waiting", True)
    desk.send()  # not yet: the channel may show it late
    desk.clock.forward(minutes=3)
    desk.send()
    [row] = desk.rows(Message)
    assert (row.state, row.reference) == ("sent", "S0")
    assert [len(one) for one in desk.channel.sent.values()] == [1]


def test_a_lost_answer_that_never_arrived_is_sent_again(desk):
    desk.hear(told())
    desk.answer()
    desk.channel.answers, desk.channel.hides = [OutcomeUnknown("gone")], True
    desk.send()
    desk.channel.sent.clear()
    desk.clock.forward(minutes=3)
    desk.channel.hides = False
    desk.send()
    assert [row.state for row in desk.rows(Message)] == ["sent"]
    assert [len(one) for one in desk.channel.sent.values()] == [1]


def test_a_lost_answer_that_the_feed_shows_first_is_known_by_it(desk):
    desk.hear(told())
    message_id = desk.answer()
    desk.channel.answers = [OutcomeUnknown("gone")]
    desk.send()
    desk.hear(told(8, " Jutro. ", 1, ours=True))
    [row] = desk.rows(Message)
    assert (row.state, row.reference) == ("sent", "M8")
    assert [one.message_id for one in desk.rows(ThreadMessage)] == [None, message_id]
    with desk.works.reading(SYSTEM) as work:
        said = conversations.said_about(work.session, 10001)
    assert [one.text for one in said] == ["Kiedy paczka?", "Jutro."]


def test_a_channel_that_is_down_is_tried_again_one_that_refuses_is_not(desk):
    desk.hear(told())
    desk.answer()
    desk.channel.answers = [ChannelDown("closed"), Refused("blocked by the buyer")]
    desk.send()
    assert [row.state for row in desk.rows(Message)] == ["waiting"]
    desk.clock.forward(minutes=5)
    desk.send()
    [row] = desk.rows(Message)
    assert (row.state, row.why[1]["why"]) == ("failed", "blocked by the buyer")
    assert desk.channel.sent == {}


def test_a_worker_that_dies_over_it_leaves_a_message_that_is_looked_for(desk):
    desk.hear(told())
    desk.answer()
    with desk.works.writing(SYSTEM) as work:
        outgoing = service.take(work, "channel", account_id=desk.account)
    desk.channel.sent[outgoing.key] = ["it went out, and the worker died"]
    desk.clock.forward(minutes=6)
    desk.send()
    assert [row.state for row in desk.rows(Message)] == ["sent"]
    assert desk.channel.sent[outgoing.key] == ["it went out, and the worker died"]


def test_what_a_rule_writes_answers_nobody(desk):
    mail = desk.do(templates.create, {
        "name": "Wysłane", "kind": "email", "subject_pl": "Wysłane", "text_pl": "W drodze.",
        "through_channel": True}).id
    desk.hear(told())
    assert desk.do(order_message.write, 10001, mail, actor=RULE)
    desk.clock.forward(minutes=30)
    desk.send()
    [row] = desk.rows(Message)
    assert (row.kind, row.state, row.subject) == ("channel", "sent", "")
    desk.hear(BuyerMessage("S0", "W1", desk.works.clock(), "W drodze.", True, order_ref="A1"))
    assert desk.waits() != [None]


def test_closing_leaves_what_came_since(desk):
    desk.hear(told())
    seen = desk.rows(ThreadMessage)[-1].id
    desk.hear(told(2, "I jeszcze jedno", -20))
    thread = desk.rows(Thread)[0].id
    assert desk.do(threads.close, thread, seen)
    assert desk.waits() == [make.NOON + timedelta(minutes=-20)]
    assert desk.do(threads.close, thread, seen + 1)
    assert desk.waits() == [None]
    assert not desk.do(threads.close, thread, seen + 1)


def test_a_channel_that_takes_no_messages_is_not_written_to(desk):
    desk.hear(told())
    with desk.works.writing(SYSTEM) as work:
        work.session.get(ChannelAccount, desk.account).writing = ""
    with pytest.raises(NotAllowedNow):
        desk.answer()
