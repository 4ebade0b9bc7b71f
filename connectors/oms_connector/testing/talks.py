"""Messages as the engine sends them: looked for by key first, sent only where nothing is found."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from oms_connector import MarksRead, MessageOut, PullsMessages, SendsMessages
from oms_connector.testing.bench import Bench
from oms_connector.testing.reading import hearing, read
from oms_connector.testing.write import NUMBERS, Maker, Reader, Write, new_key


def new_message(bench: Bench, text: str, order: str, **more: Any) -> MessageOut:
    """A message about an order that was not sent yet."""
    return MessageOut(new_key("message"), text, order_ref=order, since=bench.clock.now, **more)


def send(connector: Any, message: MessageOut) -> Any:
    """As the engine does whenever it is not the first time."""
    return connector.find_message(message) or connector.send_message(message)


def asked_about(bench: Bench, text: str = "Kiedy wysyłka?") -> tuple[str, str]:
    """A new order whose buyer has asked something, and the message's id."""
    [ref] = bench.place_apart(1)
    asked = bench.standin.buyer_writes(text, ref)
    bench.settle()
    return ref, asked


def talk_reads(bench: Bench) -> Mapping[str, Reader]:
    """Reading what a buyer asked."""
    if not bench.can(PullsMessages):
        return {}
    asked_about(bench)
    return {"pull_messages": lambda c: c.pull_messages(None, bench.standin.page)}


def talk_writes(bench: Bench) -> Mapping[str, Maker]:
    """Makers of what is written to buyers."""
    makers: tuple[tuple[str, type[Any], Maker], ...] = (
        ("send_message", SendsMessages, message), ("mark_read", MarksRead, reading))
    return {name: maker for name, capability, maker in makers if bench.can(capability)}


def message(bench: Bench) -> Write:
    """An answer to a buyer of its own."""
    ref, _ = asked_about(bench)
    told = new_message(bench, f"Wysyłamy jutro, nr {next(NUMBERS)}", ref)
    return Write("send_message", lambda c: send(c, told),
                 lambda: list(bench.standin.said(ref)), [told.text])


def reading(bench: Bench) -> Write:
    """A thread that is unread."""
    ref, asked = asked_about(bench)
    heard = read(bench, hearing).items if bench.can(PullsMessages) else ()
    thread = next((one.thread for one in heard if one.external_id == asked), ref)
    return Write("mark_read", lambda c: c.mark_read(thread),
                 lambda: bench.standin.is_unread(ref), False)
