"""Checks 79-83: what buyers write comes, whole and once; what they are answered arrives once."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from oms_connector import (
    Attached,
    BuyerMessage,
    PullsMessages,
    Refused,
    SendsMessages,
)
from oms_connector.testing.bench import Bench
from oms_connector.testing.losing import lose_answer
from oms_connector.testing.promise import keeps
from oms_connector.testing.reading import hearing, page, read
from oms_connector.testing.shape import is_moment
from oms_connector.testing.talks import asked_about, new_message, send
from oms_connector.testing.verdict import Broken, must

HOSTILE = ("<script>alert(1)</script> & <b>a < b</b>", "Zażółć\ngęślą\n\njaźń", "{{order.link}} %s",
           '"><img src=x onerror=alert(1)>')


class Talking:
    """Messages, both ways."""

    @keeps(78, "every message comes, with who wrote it and the order it is about", "bronze")
    def test_78_messages(self, bench: Bench) -> None:
        """Over several pages, of several threads; the seller's own from the panel too."""
        bench.needs(PullsMessages)
        told, refs = {}, bench.place_apart(bench.standin.page + 1)
        for number, ref in enumerate(refs):
            told[bench.standin.buyer_writes(f"pytanie {number}", ref)] = (ref, False)
            bench.clock.forward(1)
        told[bench.standin.seller_writes("odpowiedź", refs[0])] = (refs[0], True)
        bench.settle()
        found = _heard(read(bench, hearing).items)
        must(set(found) == set(told),
             f"written were {sorted(told)}, and there came {sorted(found)}")
        for ref, (order, ours) in told.items():
            must((found[ref].order_ref, found[ref].ours) == (order, ours),
                 f"of a message about {order} by {'us' if ours else 'the buyer'} it says "
                 f"{found[ref]}")
        threads = {found[ref].thread for ref, (order, _) in told.items() if order == refs[0]}
        must(len(threads) == 1 and all(threads), f"question and answer are of threads {threads}")

    @keeps(79, "what is written while messages are read is not lost", "silver")
    def test_79_meanwhile(self, bench: Bench) -> None:
        """An old thread that is written to again moves to the front of its list."""
        bench.needs(PullsMessages)
        refs, told = bench.place_apart(bench.standin.page + 1), []
        for ref in refs:
            told.append(bench.standin.buyer_writes("pierwsze", ref))
            bench.clock.forward(1)
        bench.settle()
        first = page(bench, hearing, None)
        told += [bench.standin.buyer_writes("w trakcie", ref) for ref in refs]
        bench.settle()
        rest = read(bench, hearing, first.cursor)
        told.append(bench.standin.buyer_writes("po wszystkim", refs[0]))
        bench.settle()
        later = read(bench, hearing, rest.cursors[-1])
        found = _heard([*first.items, *rest.items, *later.items])
        lost = [ref for ref in told if ref not in found]
        must(not lost, f"{len(lost)} of {len(told)} messages are lost")
        must(told[-1] in _heard(later.items), "what came after the end is not in what follows it")

    @keeps(80, "an answer reaches the buyer letter by letter, once, or is refused", "silver")
    def test_80_answers(self, bench: Bench) -> None:
        """The longest one too; one letter more is not cut off but refused."""
        bench.needs(SendsMessages)
        most = bench.kind_of_connector.manifest.capabilities.message_chars
        for text in (*HOSTILE, "ą" * most):
            ref, _ = asked_about(bench)
            told = new_message(bench, text, ref)
            sent = [bench.call(lambda c, told=told: send(c, told)) for _ in range(2)]
            must(sent[0].external_id and sent[0].external_id == sent[1].external_id,
                 f"the same key is two messages: {[one.external_id for one in sent]}")
            said = list(bench.standin.said(ref))
            must(said == [text], f"{text[:40]!r} was sent as {said!r}"[:300])
        ref, _ = asked_about(bench)
        try:
            bench.call(lambda c: c.send_message(new_message(bench, "ą" * (most + 1), ref)))
        except Refused as refusal:
            must(refusal.field == "text", f"it is too long; it blames {refusal.field!r}")
            return
        raise Broken(f"more than {most} letters were taken")

    @keeps(81, "an answer whose receipt was lost is found again, and no other is", "silver")
    def test_81_found_again(self, bench: Bench) -> None:
        """By our key; where there are none, as the one of these words that we do not know."""
        bench.needs(SendsMessages)
        ref, _ = asked_about(bench)
        before = new_message(bench, "Wysłane.", ref)
        known = bench.call(lambda c: c.send_message(before)).external_id
        bench.clock.forward(60)
        lost = new_message(bench, "Wysłane.", ref, known=(known,))
        must(bench.call(lambda c: c.find_message(lost)) is None, "it finds what was never sent")
        lose_answer(bench, lambda c: c.send_message(lost), lambda: len(bench.standin.said(ref)))
        found = bench.call(lambda c: c.find_message(lost))
        must(found is not None and found.external_id not in ("", known),
             f"it was sent, and what is found is {found}")
        other = replace(lost, key=f"{lost.key}-2", text="Coś innego.")
        must(bench.call(lambda c: c.find_message(other)) is None, "it finds what others said")
        must(len(bench.standin.said(ref)) == 2, "looking for it has sent it again")

    @keeps(82, "what buyers write comes as text, letter by letter, with files by their names",
           "bronze")
    def test_82_as_text(self, bench: Bench) -> None:
        """Markup is text like any other; a message has a moment, a thread and an id."""
        bench.needs(PullsMessages)
        [ref] = bench.place_apart(1)
        file = Attached("zdjęcie <1>.jpg", "https://files.example/1")
        told = {bench.standin.buyer_writes(text, ref, [file] if number == 0 else ()): text
                for number, text in enumerate(HOSTILE)}
        bench.settle()
        items = read(bench, hearing).items
        found = _heard(items)
        for number, (key, text) in enumerate(told.items()):
            one = found.get(key)
            if one is None:
                raise Broken(f"{text!r} did not come")
            must(one.text == text, f"{text!r} came as {one.text!r}")
            must(is_moment(one.at) and one.thread, f"no moment or no thread: {one}")
            names = [each.name for each in one.attachments]
            must(names == ([file.name] if number == 0 else []), f"its files are {names}")
            must(all(each.url == "" or each.url.startswith("https://") for each in one.attachments),
                 f"a file lies at no safe address: {one.attachments}")


def _heard(items: Any) -> dict[str, BuyerMessage]:
    odd = [item for item in items if not isinstance(item, BuyerMessage)]
    must(not odd, f"no messages: {odd}"[:300])
    return {item.external_id: item for item in items}
