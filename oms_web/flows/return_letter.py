"""Write to the buyer of a case: a template's words, or the answer to a complaint."""

from __future__ import annotations

import hashlib

from sqlalchemy.orm import Session

from oms_web.core.errors import NotAllowedNow
from oms_web.core.work import Work
from oms_web.domain.company.models import Company
from oms_web.domain.messages import (
    case_letters,
    pages,
    placeholders,
    service,
    templates,
    values,
    wording,
)
from oms_web.domain.messages.models import MessageTemplate
from oms_web.domain.messages.wording import EMAIL, Rendered
from oms_web.domain.orders import service as orders
from oms_web.domain.orders.models import Order
from oms_web.domain.returns import service as cases
from oms_web.domain.returns import settings
from oms_web.domain.returns.models import Return
from oms_web.domain.shipping import bookings


def write(work: Work, case_id: int, template_id: int, form_key: str) -> int | None:
    """Write to the buyer of a case; the message, None if this form has written it before.

    Raises:
        NotFound: there is no such case or template.
        NotAllowedNow: the case has no order, or the template is no e-mail or says nothing.
    """
    case = cases.get(work.session, case_id)
    template = templates.get(work.session, template_id)
    if case.order_id is None or template.kind != EMAIL:
        raise NotAllowedNow("Say first which order this case belongs to.")
    order = orders.get_order(work.session, case.order_id)
    rendered = _rendered(work, order, case, template)
    if not rendered.text:
        raise NotAllowedNow("The template %(name)s has nothing to say here.", name=template.name)
    return service.put(
        work, EMAIL, _recipient(case, order), rendered, name=template.name,
        key=f"case:{case_id}:{template_id}:{form_key}"[:160], order_id=order.id,
        template_id=template_id)


def preview(work: Work, case_id: int, template_id: int) -> tuple[str, Rendered]:
    """Who would be written to, and what; nothing is written.

    Raises:
        NotFound: there is no such case or template.
        NotAllowedNow: the case has no order.
    """
    case = cases.get(work.session, case_id)
    if case.order_id is None:
        raise NotAllowedNow("Say first which order this case belongs to.")
    order = orders.get_order(work.session, case.order_id)
    template = templates.get(work.session, template_id)
    return _recipient(case, order), _rendered(work, order, case, template)


def answer(work: Work, case_id: int) -> int | None:
    """Send the answer to a complaint as it was said; once, however often it is asked for."""
    case = cases.get(work.session, case_id)
    order = orders.get_order(work.session, case.order_id) if case.order_id else None
    language = _language(work.session, order)
    rendered = case_letters.render(case_letters.ANSWERED, language, {
        "case": case.number, "number": str(case.order_id or ""), "answer": case.answer,
        "shop": _shop(work.session)})
    return service.put(
        work, EMAIL, case.buyer_email or (order.buyer_email if order else ""), rendered,
        name=case_letters.NAMES[case_letters.ANSWERED],
        key=f"case:{case.id}:answer:{_hash_of(case.answer)}", order_id=case.order_id)


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


def _rendered(work: Work, order: Order, case: Return, template: MessageTemplate) -> Rendered:
    own = templates.variant(work.session, template.id, order.account_id)
    language, words = wording.choose(
        templates.words_of(template), templates.words_of(own) if own else None,
        _language(work.session, order))
    found = values.gather(work.session, order, placeholders.named(*words), language,
                          pages.known_link(work, order.id), case)
    return wording.render(template.kind, words, language, found, template.plain)


def _recipient(case: Return, order: Order) -> str:
    return (case.buyer_email or order.buyer_email).strip()


def _language(session: Session, order: Order | None) -> str:
    shop = session.get(Company, 1)
    return wording.language_of(order.country if order else "", shop.language if shop else "pl")


def _shop(session: Session) -> str:
    shop = session.get(Company, 1)
    return shop.name if shop else ""
