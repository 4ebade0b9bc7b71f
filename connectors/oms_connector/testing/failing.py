"""Checks 18, 36 and 37: every request of every call fails once in every way."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from oms_connector import (
    ChannelDown,
    Conflict,
    OutcomeUnknown,
    RateLimited,
)
from oms_connector.testing.bench import Bench
from oms_connector.testing.deeds import reads, writes
from oms_connector.testing.faults import DONE_SILENTLY, PASSING, READS, WRITES, Way
from oms_connector.testing.promise import keeps
from oms_connector.testing.verdict import Broken, must, not_applicable
from oms_connector.testing.write import Maker, Reader, Write, outcome


class Failing:
    """Faults underneath the connector, at each request it makes."""

    @keeps(36, "a failed read raises a passing error; nothing is made of half an answer", "silver")
    def test_36_failed_reads(self, bench: Bench) -> None:
        """Afterwards the same call brings the same."""
        deeds = reads(bench)
        if not deeds:
            not_applicable("the connector reads nothing")
        for name, do in deeds.items():
            for where, way, number in trials(bench, name, do, READS):
                right = bench.call(do)
                bench.line.faults = {number: way.strike}
                try:
                    got = bench.call(do)
                except way.read:
                    pass
                except Exception as error:
                    raise Broken(f"{where}: {error!r} instead of "
                                 f"{' or '.join(kind.__name__ for kind in way.read)}") from error
                else:
                    must(got == right, f"{where}: it returned {_short(got)} as if all was well")
                bench.line.faults = {}
                must(bench.call(do) == right, f"{where}: later the same call brings something else")

    @keeps(37, "a failed write says what is known of it; repeated, it has one effect", "silver")
    def test_37_failed_writes(self, bench: Bench) -> None:
        """Success only when it was done, "nothing changed" only when it was not."""
        self._writes(bench, WRITES)

    @keeps(18, "a write whose answer is lost is unknown, and repeated it has one effect", "silver")
    def test_18_lost_answers(self, bench: Bench) -> None:
        """The order, the parcel or the document is there, and we were not told."""
        self._writes(bench, (DONE_SILENTLY,))

    def _writes(self, bench: Bench, ways: tuple[Way, ...]) -> None:
        makers = writes(bench)
        if not makers:
            not_applicable("the connector writes nothing")
        for name, make in makers.items():
            first = make(bench)
            for where, way, number in trials(bench, name, first.do, ways):
                one_failed_write(bench, make, way, number, where)


def trials(bench: Bench, name: str, do: Callable[[Any], Any], ways: tuple[Way, ...]
           ) -> list[tuple[str, Way, int]]:
    """Every request of a call with every way to fail, and how that is called."""
    count = bench.requests(do)
    return [(f"{name}, request {number} of {count}, {way.name}", way, number)
            for number in range(1, count + 1) for way in ways]


def attempts(bench: Bench, ways: tuple[Way, ...]) -> Iterator[tuple[str, Way, int, Reader]]:
    """Every call with every way to fail at each of its requests; a write is a new one each time."""
    for name, do in reads(bench).items():
        for where, way, number in trials(bench, name, do, ways):
            yield where, way, number, do
    for name, make in writes(bench).items():
        for where, way, number in trials(bench, name, make(bench).do, ways):
            yield where, way, number, make(bench).do


def one_failed_write(bench: Bench, make: Maker, way: Way, number: int, where: str) -> None:
    """One write with one fault, and the same again without."""
    deed = make(bench)
    bench.line.faults = {number: way.strike}
    try:
        claim = outcome(bench.call(deed.do))
    except PASSING as error:
        claim = "unknown" if isinstance(error, OutcomeUnknown) else "retry"
    except Exception as error:
        raise Broken(f"{where}: a passing fault ends in {error!r}") from error
    finally:
        bench.line.faults = {}
    _judge_claim(deed, claim, where)
    repeat(bench, deed, where)


def _judge_claim(deed: Write, claim: str, where: str) -> None:
    must(claim != "rejected", f"{where}: a passing fault is taken for a refusal")
    must(claim != "done" or deed.is_done,
         f"{where}: it claims success, and the channel shows {deed.effect()!r}")
    was_done = deed.is_done and deed.before != deed.wanted
    must(claim != "retry" or not was_done, f"{where}: it says that nothing was changed "
         f"({ChannelDown.__name__}, {RateLimited.__name__} or retry), and it was done: this is "
         f"{OutcomeUnknown.__name__}")


def repeat(bench: Bench, deed: Write, where: str) -> None:
    """Make a call again, as the engine does: its effect is there, once."""
    if not deed.again:
        return
    bench.clock.forward(60)
    try:
        claim = outcome(bench.call(deed.do))
    except Conflict:  # what was repeated has itself moved the revision on
        must(deed.is_done, f"{where}: repeated, it meets a conflict, and was not done")
        return
    must(claim == "done", f"{where}: repeated without a fault it is {claim!r}")
    must(deed.is_done, f"{where}: repeated, it should leave {deed.wanted!r}; the channel has "
         f"{deed.effect()!r}")


def _short(value: Any) -> str:
    text = repr(value)
    return text if len(text) < 300 else f"{text[:300]} ..."
