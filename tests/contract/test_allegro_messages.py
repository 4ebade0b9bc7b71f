"""Allegro's Message Center: long threads, threads that move while they are read, and rights."""

from __future__ import annotations

from dataclasses import replace

import pytest
from oms_allegro import messages
from oms_connector import NotSupported, Unreadable
from oms_connector.testing.bench import open_bench
from oms_connector.testing.reading import hearing, read
from oms_connector.testing.talks import new_message, send

from tests.contract.allegro_standin import Allegro


@pytest.fixture
def bench():
    with open_bench(Allegro) as one:
        yield one


class SwitchedOff(Allegro):
    """An account whose seller does not want messages to go through Allegro."""

    @property
    def settings(self):
        return {**super().settings, "messages": ""}


def texts(done):
    return [one.text for one in done.items]


def test_a_long_thread_comes_whole(bench):
    [ref] = bench.place_apart(1)
    for number in range(53):
        bench.standin.buyer_writes(f"nr {number}", ref)
        bench.clock.forward(1)
    done = read(bench, hearing)
    assert sorted(set(texts(done))) == sorted(f"nr {number}" for number in range(53))
    assert all(len(page) <= messages.ROWS for page in done.pages)


def test_what_was_passed_over_comes_with_the_next_reading(bench):
    """A thread moves to the front after the front was read: this reading ends without it, and what
    was written there before this reading began must come with the next one.
    """
    refs = bench.place_apart(3)
    told = [bench.standin.buyer_writes("pierwsze", ref) for ref in refs]
    bench.clock.forward(minutes=40)
    bench.standin.buyer_writes("drugie", refs[2])
    first = bench.call(lambda c: c.pull_messages(None, 20))
    told.append(bench.standin.buyer_writes("w trakcie", refs[0]))  # it was last, and is first now
    rest = read(bench, hearing, first.cursor, limit=20)
    seen = {one.external_id for one in [*first.items, *rest.items]}
    assert told[0] not in seen
    bench.clock.forward(minutes=30)
    assert {told[0], told[-1]} <= read(bench, hearing, rest.cursors[-1], limit=20).refs


def test_who_did_not_agree_to_messages_goes_on_with_orders(bench):
    [ref] = bench.place_apart(1)
    bench.standin.talking.has_scope = False
    for act in (lambda c: c.pull_messages(None, 20),
                lambda c: c.send_message(new_message(bench, "x", ref)),
                lambda c: c.mark_read("watek-x")):
        with pytest.raises(NotSupported, match="did not agree"):
            bench.call(act)
    assert bench.call(lambda c: c.pull_orders(None, 10)).items


def test_switched_off_nothing_is_asked():
    with open_bench(SwitchedOff) as bench:
        [ref] = bench.place_apart(1)
        before = len(bench.line.calls)
        page = bench.call(lambda c: c.pull_messages(None, 20))
        assert (page.items, page.more, len(bench.line.calls)) == ([], False, before)
        with pytest.raises(NotSupported):
            bench.call(lambda c: c.send_message(new_message(bench, "x", ref)))


def test_the_same_words_by_a_buyer_or_known_before_are_not_ours(bench):
    [ref] = bench.place_apart(1)
    bench.standin.buyer_writes("Dziękuję", ref)
    told = new_message(bench, "Dziękuję", ref)
    assert bench.call(lambda c: c.find_message(told)) is None
    first = bench.call(lambda c: send(c, told))
    again = replace(told, key="other", known=(first.external_id,))
    assert bench.call(lambda c: c.find_message(again)) is None
    assert bench.call(lambda c: c.find_message(replace(told, text=" Dziękuję\r\n"))) == first


def test_an_odd_message_is_kept_and_harms_no_other(bench):
    [ref] = bench.place_apart(1)
    bench.standin.buyer_writes("pierwsza", ref)
    bench.standin.buyer_writes("druga", ref)
    bench.standin.talking.kept[0]["author"]["isInterlocutor"] = "maybe"
    odd, good = sorted(read(bench, hearing).items, key=lambda one: isinstance(one, Unreadable),
                       reverse=True)
    assert (odd.external_id, odd.field, good.text) == ("w000001", "isInterlocutor", "druga")
