"""Write to the buyer of a case: a template's words, by hand or on the case's turn, or the answer to
a complaint.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy.orm import Session

from oms_web.core.errors import NotAllowedNow
from oms_web.core.work import Work
from oms_web.domain.company.models import Company
from oms_web.domain.messages import (
    case_letters,
    pages,
    placeholders,
    places,
    service,
    templates,
    values,
    wording,
)
from oms_web.domain.messages.models import MessageTemplate
from oms_web.domain.messages.service import Place
from oms_web.domain.messages.wording import CHANNEL, EMAIL, Rendered
from oms_web.domain.orders import service as orders
from oms_web.domain.orders.models import Order
from oms_web.domain.returns import moments, settings
from oms_web.domain.returns import service as cases
from oms_web.domain.returns.models import Return
from oms_web.domain.shipping import bookings

NEWS = timedelta(hours=48)

@dataclass(frozen=True, slots=True)
class Draft:
    """A letter as it would be sent. ``place``: where it goes if it goes through a channel."""

    kind: str
    recipient: str
    rendered: Rendered
    place: Place | None = None


def write(work: Work, case_id: int, template_id: int, form_key: str) -> int | None:
    """Write to the buyer of a case; the message, None if this form has written it before.

    Raises:
        NotFound: there is no such case or template.
        NotAllowedNow: the case has no order, or the template is no e-mail or says nothing.
    """
    template = templates.get(work.session, template_id)
    draft = preview(work, case_id, template_id)
    if not draft.rendered.text:
        raise NotAllowedNow("The template %(name)s has nothing to say here.", name=template.name)
    return _put(work, cases.get(work.session, case_id), template, draft,
                f"case:{case_id}:{template_id}:{form_key}")


def preview(work: Work, case_id: int, template_id: int) -> Draft:
    """Who would be written to, which way, and what; nothing is written.

    Raises:
        NotFound: there is no such case or template.
        NotAllowedNow: the case has no order, or the template is no e-mail.
    """
    case = cases.get(work.session, case_id)
    template = templates.get(work.session, template_id)
    if case.order_id is None or template.kind != EMAIL:
        raise NotAllowedNow("Say first which order this case belongs to.")
    return _draft(work, orders.get_order(work.session, case.order_id), case, template)


def by_itself(work: Work, case_id: int, moment: str) -> list[int]:
    """A case took a turn: write what the seller wants to be written then; each once for a case.

    Nothing about history (a case that began days before it came here), and nothing that is not
    true any more.
    """
    found = templates.by_themselves(work.session, moment)
    case = cases.get(work.session, case_id) if found else None
    if case is None or case.order_id is None or is_history(case) or not moments.holds(
            moment, case.phase, case.goods, case.money) or (
            moment == moments.SWAPPED and case.exchange_order_id is None):
        return []
    order = orders.get_order(work.session, case.order_id)
    drafts = [(one, _draft(work, order, case, one)) for one in found]
    sent = [_put(work, case, one, draft, f"case:{case_id}:{moment}:{one.id}")
            for one, draft in drafts if draft.rendered.text]
    return [one for one in sent if one is not None]


def is_history(case: Return) -> bool:
    """Whether a case began long before it came here: its buyer has been told by others."""
    return case.announced_at is not None and case.created_at - case.announced_at > NEWS


def answer(work: Work, case_id: int) -> int | None:
    """Send the last answer to a complaint as it was said, in the seller's own letter where there is
    one; once, however often it is asked for.
    """
    case = cases.get(work.session, case_id)
    order = orders.get_order(work.session, case.order_id) if case.order_id else None
    said = f"{case.answered_at}|{case.outcome}|{case.lowered}|{case.answer}"
    key = f"case:{case.id}:answer:{_hash_of(said)}"
    own = next(iter(templates.by_themselves(work.session, moments.ANSWERED)), None)
    if own is not None and order is not None:
        return _put(work, case, own, _draft(work, order, case, own), key)
    language = _language(work.session, order)
    lowered = values.money(case.lowered, case.currency, language) if case.lowered else ""
    rendered = case_letters.render(case_letters.ANSWERED, language, {
        "case": case.number, "number": str(case.order_id or ""), "shop": _shop(work.session),
        "answer": case_letters.answer(case.outcome, lowered, case.answer, language)})
    return service.put(
        work, EMAIL, case.buyer_email or (order.buyer_email if order else ""), rendered,
        name=case_letters.NAMES[case_letters.ANSWERED], key=key, order_id=case.order_id)


def swapped(work: Work, case_id: int, form_key: str) -> int | None:
    """Write to the buyer what is sent instead, what is due and how it is paid; None if this form
    has written it before.

    Raises:
        NotFound: there is no such case.
        NotAllowedNow: the case has no new order.
    """
    case, own, draft = _swapped(work, case_id, pages.link)
    key = f"case:{case_id}:swapped:{form_key}"[:160]
    if own is not None:
        return _put(work, case, own, draft, key)
    return service.put(work, EMAIL, draft.recipient, draft.rendered, key=key,
                       name=case_letters.NAMES[case_letters.SWAPPED], order_id=case.order_id)


def swapped_preview(work: Work, case_id: int) -> Draft:
    """That letter as it would be sent; nothing is written.

    Raises:
        NotFound: there is no such case.
        NotAllowedNow: the case has no new order.
    """
    return _swapped(work, case_id, lambda work, order_id: pages.known_link(work, order_id)
                    or pages.sample_link(work))[2]


def _swapped(work: Work, case_id: int, link: Callable[[Work, int], str]
             ) -> tuple[Return, MessageTemplate | None, Draft]:
    """The letter of an exchange: in the seller's own words where there are any, else in ours."""
    case = cases.get(work.session, case_id)
    if case.order_id is None or case.exchange_order_id is None:
        raise NotAllowedNow("The new order is not made yet.")
    order = orders.get_order(work.session, case.order_id)
    address = link(work, order.id) if settings.current(work.session).portal else ""
    own = next((one for one in templates.every(work.session, templates.CASES)
                if one.moment == moments.SWAPPED and one.kind == EMAIL), None)
    if own is not None:
        return case, own, _draft(work, order, case, own, address)
    language = _language(work.session, order)
    found = values.gather(work.session, order, case_letters.named(case_letters.SWAPPED), language,
                          address, case)
    return case, None, Draft(EMAIL, _recipient(case, order),
                             case_letters.render(case_letters.SWAPPED, language, found))


def label(work: Work, case_id: int, booking_id: int) -> int | None:
    """Write to the buyer where the return label of a case is; None if that was written before.

    Raises:
        NotFound: there is no such case or label.
        NotAllowedNow: it is no confirmed label of this case, or buyers have no page to find it on.
    """
    case, booking = cases.get(work.session, case_id), bookings.get(work.session, booking_id)
    if booking.case_id != case_id or booking.state != bookings.CONFIRMED or not booking.files:
        raise NotAllowedNow("This label is not there to be sent.")
    order = orders.get_order(work.session, booking.order_id)
    address = pages.link(work, order.id) if settings.current(work.session).portal else ""
    if not address:
        raise NotAllowedNow("Buyers have no page of their own yet: set up mail and let buyers come "
                            "by themselves in the settings of returns.")
    rendered = case_letters.render(case_letters.LABEL, _language(work.session, order), {
        "case": case.number, "link": f"{address}/cases/{case.id}", "carrier": booking.carrier,
        "tracking": ", ".join(booking.tracking), "shop": _shop(work.session)})
    return service.put(work, EMAIL, _recipient(case, order), rendered,
                       name=case_letters.NAMES[case_letters.LABEL],
                       key=f"case:{case.id}:label:{booking.id}", order_id=order.id)


def _hash_of(text: str) -> str:
    """A short name of a text, the same for the same words."""
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def _put(work: Work, case: Return, template: MessageTemplate, draft: Draft, key: str
         ) -> int | None:
    return service.put(
        work, draft.kind, draft.recipient, draft.rendered, name=template.name, key=key[:160],
        order_id=case.order_id, template_id=template.id, place=draft.place)


def _draft(work: Work, order: Order, case: Return, template: MessageTemplate, link: str = ""
           ) -> Draft:
    own = templates.variant(work.session, template.id, order.account_id)
    language, words = wording.choose(
        templates.words_of(template), templates.words_of(own) if own else None,
        _language(work.session, order))
    found = values.gather(work.session, order, placeholders.named(*words), language,
                          link or pages.known_link(work, order.id), case)
    place = places.through_channel(work.session, order, wants_channel=template.through_channel)
    kind = EMAIL if place is None else CHANNEL
    return Draft(kind, _recipient(case, order) if place is None else places.recipient(order),
                 wording.render(kind, words, language, found, template.plain), place)


def _recipient(case: Return, order: Order) -> str:
    return (case.buyer_email or order.buyer_email).strip()


def _language(session: Session, order: Order | None) -> str:
    shop = session.get(Company, 1)
    return wording.language_of(order.country if order else "", shop.language if shop else "pl")


def _shop(session: Session) -> str:
    shop = session.get(Company, 1)
    return shop.name if shop else ""
