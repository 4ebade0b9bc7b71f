"""Buy labels of carriers: said, done, noted; *unknown* is a state.

The booking is written down before anything is sent (``flows/label.py``). Who takes one that may
have been sent before asks the carrier what it has under the key, and only where it has nothing is
it booked again. A carrier that cannot be asked leaves its lost answers to a person.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any

from oms_connector import (
    AccessRefused,
    Address,
    Booked,
    Booking,
    CancelsBookings,
    CarrierService,
    CarriesParcels,
    ChannelError,
    ChecksBookings,
    Connector,
    FindsPoints,
    Flaw,
    LabelFile,
    NotSupported,
    OutcomeUnknown,
    Package,
    PickupPoint,
    RateLimited,
    Refused,
    flaws,
)
from oms_connector import LabelFormat as Format
from sqlalchemy import select

from oms_web.core.actor import SYSTEM
from oms_web.core.errors import Invalid, InvalidForm, NotAllowedNow
from oms_web.core.money import from_minor, to_minor
from oms_web.core.ringing import queue_due
from oms_web.core.work import Work, Works
from oms_web.domain.channels.models import ChannelAccount
from oms_web.domain.channels.service import ChannelStopped
from oms_web.domain.shipping import bookings, sending
from oms_web.domain.shipping.bookings import Confirmed, Taken
from oms_web.flows import label, label_back
from oms_web.flows.label import Verdict
from oms_web.sync import feeds
from oms_web.sync.registry import Registry
from oms_web.sync.session import Engine, connected

SUFFIX: Mapping[str, str] = {"pdf_a6": ".pdf", "zpl": ".zpl"}
STOPPED_WAIT = timedelta(minutes=10)
MOST_POINTS = 12
LARGEST = 5 * 1024 * 1024
SAYS = {
    "no_way_back": "This carrier takes no labels back by its interface: do it on its page.",
    "tracking": "The carrier confirmed it, but not with one number for each box.",
    "gone": "The carrier does not know a booking that it took.",
    "size": "What the carrier sent is no label.",
}


def carries(registry: Registry, key: str) -> bool:
    """Whether a connector is a carrier's."""
    found = registry.get(key)
    return found is not None and issubclass(found, CarriesParcels)


def ring(works: Works) -> int:
    """Queue everything that is due of labels; how many."""
    return queue_due(works, lambda work: bookings.due(work.session, work.now), bookings.ask)


def buy(engine: Engine, booking_id: int) -> str:
    """Do what is due of a booking whose service is known; the state it is left in."""
    with engine.works.writing(SYSTEM) as work:
        taken = bookings.take(work, booking_id)
    if taken is not None:
        verdict = _at_carrier(engine, taken)
        with engine.works.writing(SYSTEM) as work:
            label.note(work, taken, verdict)
        if verdict.state != bookings.CONFIRMED:
            return verdict.state
    with engine.works.writing(SYSTEM) as work:
        confirmed = bookings.take_confirmed(work, booking_id)
        wanted = sending.settings(work.session).label_format
    if confirmed is not None:
        _void(engine, confirmed) if confirmed.void else _print(engine, confirmed, wanted)
    with engine.works.reading(SYSTEM) as work:
        return bookings.get(work.session, booking_id).state


def _at_carrier(engine: Engine, taken: Taken) -> Verdict:
    """Ask a carrier about a booking, and what its answer means."""
    try:
        with connected(engine, taken.account_id) as (_account, connector):
            assert isinstance(connector, CarriesParcels)
            told = _booked(connector, taken, _service(engine, taken.account_id, taken.request))
            verdict = _said(told, taken)
            if verdict.state == bookings.CONFIRMED and told.labels:
                verdict = _with_files(engine, verdict, told.labels)
            return verdict
    except AccessRefused as error:
        with engine.works.writing(SYSTEM) as work:
            feeds.break_account(work, taken.account_id, str(error))
        return _kept(taken, _doubt(taken), str(error), STOPPED_WAIT)
    except NotAllowedNow as error:  # paused, or the connector is not installed any more
        return _kept(taken, _doubt(taken), str(error), STOPPED_WAIT)
    except ChannelError as error:
        return _failed(taken, error)
    except Exception as error:  # a fault of the connector: it may have bought it
        return _kept(taken, bookings.UNKNOWN, feeds.describe(error), bookings.ASK_UNKNOWN)


def _with_files(engine: Engine, verdict: Verdict, labels: Sequence[LabelFile]) -> Verdict:
    """Keep what came with the answer; the parcel is bought, whatever becomes of its files."""
    try:
        files: dict[str, str] = {
            one.format: engine.works.ports["files"].put(one.content, SUFFIX[one.format])
            for one in labels if 0 < len(one.content) <= LARGEST}
    except Exception as error:
        return replace(verdict, why=feeds.describe(error))
    return replace(verdict, files=files)


def _doubt(taken: Taken) -> str:
    """Where a booking stands that was not sent now: where it stood."""
    return bookings.UNKNOWN if taken.asked else bookings.INTENDED


def _failed(taken: Taken, error: ChannelError) -> Verdict:
    if isinstance(error, NotSupported) and taken.asked:  # it cannot be asked what it has
        return Verdict(bookings.UNKNOWN, why=str(error), person=True)
    if isinstance(error, Refused):
        return Verdict(bookings.REFUSED, why=str(error), field=error.field, person=True)
    if isinstance(error, OutcomeUnknown):
        return _kept(taken, bookings.UNKNOWN, str(error), bookings.ASK_UNKNOWN)
    retry_after = error.retry_after if isinstance(error, RateLimited) else None
    return _kept(taken, _doubt(taken), str(error), bookings.wait(taken.attempts, retry_after))


def _kept(taken: Taken, state: str, why: str, wait: timedelta) -> Verdict:
    """It is as it was, and is asked again; what the carrier works on stays so."""
    if taken.was == bookings.PENDING:
        state = bookings.PENDING
    return Verdict(state, taken.reference, why=why, wait=wait)


def _booked(connector: CarriesParcels, taken: Taken, service: CarrierService | None) -> Booked:
    if taken.asked:
        found = _found(connector, taken)
        if found is not None:
            return found
        if taken.was == bookings.PENDING:
            raise OutcomeUnknown(SAYS["gone"])
    booking = booking_of(taken.request)
    if wrong := _flaws(connector, booking, service):
        raise Refused(wrong[0].message, "", wrong[0].field)
    try:
        return connector.book(booking)
    except Refused:
        # It may be refused because the carrier has it already.
        known = _found(connector, taken) if taken.asked else None
        if known is None:
            raise
        return known


def _service(engine: Engine, account_id: int, request: Mapping[str, Any]) -> CarrierService | None:
    """The service of a booking, as its carrier last told of it; None where it told of none."""
    with engine.works.reading(SYSTEM) as work:
        known = sending.service(work.session, account_id, request["service"])
    return CarrierService(
        known.ref, known.name, needs_point=known.needs_point, cod=known.cod,
        most_parcels=known.most_parcels) if known else None


def _flaws(connector: Any, booking: Booking, service: CarrierService | None) -> list[Flaw]:
    """What this carrier would refuse, and what any would."""
    own = connector.check_booking(booking) if isinstance(connector, ChecksBookings) else ()
    named = {one.field for one in own}
    return [*own, *(one for one in flaws.common(booking, service) if one.field not in named)]


def _found(connector: CarriesParcels, taken: Taken) -> Booked | None:
    """What the carrier has under the key; None where it has nothing."""
    try:
        return connector.find_booking(taken.key, taken.reference)
    except NotSupported:
        raise
    except Refused as error:  # that it cannot be looked for does not say that it was not bought
        raise OutcomeUnknown(str(error)) from error


def _said(told: Booked, taken: Taken) -> Verdict:
    """What the carrier's own word for a booking means here."""
    if told.state == "pending":
        return Verdict(bookings.PENDING, told.reference, why=told.message,
                       wait=bookings.ASK_PENDING)
    if told.state == "confirmed":
        count = len(taken.request["packages"])
        if len(told.tracking) != count or not all(told.tracking):
            return Verdict(bookings.UNKNOWN, told.reference, person=True,
                           why=SAYS["tracking"])
        price = None if told.price is None else to_minor(told.price, told.currency)
        return Verdict(bookings.CONFIRMED, told.reference, tuple(told.tracking), price,
                       told.currency)
    state = bookings.REFUSED if told.state == "refused" else bookings.CANCELLED
    return Verdict(state, told.reference, why=told.message, person=True)


def booking_of(request: Mapping[str, Any]) -> Booking:
    """A frozen request in the SDK's terms."""
    currency = request["currency"]

    def amount(name: str) -> Any:
        return None if request[name] is None else from_minor(request[name], currency)

    return Booking(
        key=request["key"], service=request["service"],
        sender=Address(**request["sender"]), receiver=Address(**request["receiver"]),
        packages=tuple(Package(**one) for one in request["packages"]), currency=currency,
        point=request["point"], cod=amount("cod"), insured=amount("insured"),
        note=request["note"], contents=request["contents"], is_return=request["is_return"],
    )


# The label itself -------------------------------------------------------------------------------


def _print(engine: Engine, confirmed: Confirmed, wanted: str) -> None:
    """Fetch a label in the formats that are wanted and keep it in the file store."""
    formats: list[Format] = ["pdf_a6"]
    if wanted == "zpl":
        formats.append("zpl")
    files: dict[str, str] = {}
    why = ""
    wait: timedelta | None = bookings.wait(confirmed.attempts)
    try:
        with connected(engine, confirmed.account_id) as (_account, connector):
            assert isinstance(connector, CarriesParcels)
            for format_ in formats:
                if format_ in confirmed.files:
                    continue
                content = _content(connector, confirmed, format_)
                if content is not None:
                    files[format_] = engine.works.ports["files"].put(content, SUFFIX[format_])
    except Refused as error:
        why, wait = str(error), None
    except (ChannelError, ChannelStopped, NotAllowedNow) as error:
        why = str(error)
    except Exception as error:
        why = feeds.describe(error)
    with engine.works.writing(SYSTEM) as work:
        if files or not why:
            label.keep_files(work, confirmed.id, files)
        if why:
            label.not_printed(work, confirmed.id, why, wait)


def _content(connector: CarriesParcels, confirmed: Confirmed, format_: Format) -> bytes | None:
    try:
        content = connector.label(confirmed.reference, confirmed.tracking, format_).content
    except NotSupported:
        if format_ == "pdf_a6":
            raise
        return None
    if not content or len(content) > LARGEST:
        raise Refused(SAYS["size"])
    return content


def _void(engine: Engine, confirmed: Confirmed) -> None:
    """Give a label back."""
    why, wait, done = "", None, False
    try:
        with connected(engine, confirmed.account_id) as (_account, connector):
            if isinstance(connector, CancelsBookings):
                connector.cancel_booking(confirmed.reference, confirmed.tracking)
                done = True
            else:
                why = SAYS["no_way_back"]
    except Refused as error:
        why = str(error)
    except (ChannelError, ChannelStopped) as error:
        why, wait = str(error), bookings.wait(confirmed.attempts)
    except Exception as error:  # a fault of the connector; giving back twice is giving back once
        why, wait = feeds.describe(error), bookings.wait(confirmed.attempts)
    with engine.works.writing(SYSTEM) as work:
        label_back.voided(work, confirmed.id, why, wait, done=done)


# What forms ask ---------------------------------------------------------------------------------


def checker(engine: Engine) -> Callable[[Mapping[str, Any], int], None]:
    """Looks at a booking before it is written down, as far as that takes no network."""

    def check(request: Mapping[str, Any], account_id: int) -> None:
        service = _service(engine, account_id, request)
        with connected(engine, account_id, although_stopped=True) as (_account, connector):
            wrong = _flaws(connector, booking_of(request), service)
        if wrong:
            raise InvalidForm({flaw.field: Invalid(flaw.message, flaw.field) for flaw in wrong})

    return check


def refresh_services(engine: Engine, account_id: int) -> int:
    """Ask a carrier what it sells to this account, and keep it; how many services.

    Raises:
        ChannelError: the carrier failed.
        NotAllowedNow: the account is no carrier's.
    """
    with connected(engine, account_id, although_stopped=True) as (_account, connector):
        if not isinstance(connector, CarriesParcels):
            raise NotAllowedNow("This account carries no parcels.")
        told = connector.services()
    with engine.works.writing(SYSTEM) as work:
        keep_services(work, account_id, told)
    return len(told)


def keep_services(work: Work, account_id: int, told: Sequence[CarrierService]) -> None:
    """Keep what a carrier sells to an account, in place of what it told before."""
    sending.keep_services(work, account_id, [
        {"ref": one.ref[:80], "name": one.name[:120], "needs_point": one.needs_point,
         "cod": one.cod, "most_parcels": one.most_parcels,
         "sizes": [[size.ref, size.length_mm, size.width_mm, size.height_mm, size.heaviest_g]
                   for size in one.sizes]}
        for one in told])


def points(engine: Engine, account_id: int, near: str, country: str) -> list[PickupPoint]:
    """A carrier's lockers and counters near a postcode or town.

    Raises:
        ChannelError: the carrier failed.
    """
    with connected(engine, account_id) as (_account, connector):
        if not isinstance(connector, FindsPoints):
            return []
        return list(connector.points(near, country, MOST_POINTS))


def carriers(work: Work, registry: Registry) -> list[ChannelAccount]:
    """The connected carriers' accounts, by name."""
    able = [key for key in registry.connectors if carries(registry, key)]
    return list(work.session.scalars(
        select(ChannelAccount)
        .where(ChannelAccount.connector.in_(able), ChannelAccount.archived_at.is_(None))
        .order_by(ChannelAccount.name)))


def can(registry: Registry, key: str, capability: type[Any]) -> bool:
    """Whether a carrier's connector can do something further."""
    found: type[Connector] | None = registry.get(key)
    return found is not None and issubclass(found, capability)
