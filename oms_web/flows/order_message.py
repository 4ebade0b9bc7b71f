"""Write to the buyer of an order: the words of a template, filled in now, sent a moment later.

What is sent are the words as they were on that occasion, whatever is changed afterwards. The same
template is written once for each order and occasion, however often it is asked for.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from oms_web.core.errors import Invalid, NotAllowedNow
from oms_web.core.work import Work
from oms_web.domain.audit.models import AuditEntry
from oms_web.domain.company.models import Company
from oms_web.domain.documents import kinds
from oms_web.domain.documents.models import Document, is_annulled
from oms_web.domain.messages import (
    pages,
    phones,
    placeholders,
    places,
    service,
    templates,
    threads,
    values,
    wording,
)
from oms_web.domain.messages.fitting import PLAIN, about, stage
from oms_web.domain.messages.models import MessageTemplate
from oms_web.domain.messages.service import Place
from oms_web.domain.messages.wording import CHANNEL, EMAIL, Rendered
from oms_web.domain.orders import outgoing_queries, taking
from oms_web.domain.orders import service as orders
from oms_web.domain.orders.models import Order
from oms_web.domain.returns.models import Return

MOST_SUBJECT, MOST_TEXT = 200, 10_000
NEWS, BRINGING_IN = timedelta(hours=48), timedelta(hours=1)
"""What rules see in the first hour of an order that was placed so long before it came is not news,
but its being brought in."""


@dataclass(frozen=True, slots=True)
class Draft:
    """A message as it would be sent. ``empty``: fields it names that have nothing in them.
    ``place``: where it goes if it goes through the order's channel (``kind`` is then ``channel``).
    """

    kind: str
    recipient: str
    rendered: Rendered
    documents: tuple[int, ...]
    empty: tuple[str, ...] = ()
    place: Place | None = None


def write(work: Work, order_id: int, template_id: int) -> int | None:
    """Write to the buyer; the message, None if this was written on this occasion before, or if the
    order is history that nobody wants to be reminded of, or what a rule heard of was recalled.

    ``work.occasion`` is the occasion; without one each call is one of its own.

    Raises:
        NotFound: there is no such order or template.
        NotAllowedNow: the template has no words, or the order is a draft.
    """
    order = orders.lock_order(work.session, order_id)
    template = templates.get(work.session, template_id)
    if order.phase == "draft":
        raise NotAllowedNow("This order is a draft.")
    if work.actor.kind == "rule" and (
            is_history(order, work.now) or _taken_back(work, order_id)):
        return None
    link = pages.link(work, order_id) if _wants_link(work.session, order, template) else ""
    draft = _draft(work.session, order, template, link)
    if not draft.rendered.text:
        raise NotAllowedNow("The template %(name)s has nothing to say here.", name=template.name)
    occasion = work.occasion or f"once:{work.now.isoformat()}:{work.actor.id or work.actor.kind}"
    sent = service.put(
        work, draft.kind, draft.recipient, draft.rendered, name=template.name,
        key=f"{template_id}:{order_id}:{occasion}"[:160], order_id=order_id,
        template_id=template_id, documents=draft.documents, place=draft.place)
    _answers(work, sent, draft.place)
    return sent


def write_words(work: Work, order_id: int, subject: str, text: str) -> int | None:
    """Write one's own words to the buyer, by e-mail, or through a channel that wants that; fields
    in them are filled in as ever.

    Returns:
        The message; None if this was written on this occasion before.

    Raises:
        Invalid: no subject, no words, too many, or a field that there is not.
        NotAllowedNow: the order is a draft, or has no address.
    """
    subject, text = " ".join(subject.split()), text.replace("\0", "").strip()
    if not subject or len(subject) > MOST_SUBJECT:
        raise Invalid("A subject of at most %(n)s characters.", "subject", n=MOST_SUBJECT)
    if not text or len(text) > MOST_TEXT:
        raise Invalid("Between 1 and %(n)s characters.", "text", n=MOST_TEXT)
    placeholders.check(subject, "subject")
    placeholders.check(text, "text")
    order = orders.lock_order(work.session, order_id)
    if order.phase == "draft":
        raise NotAllowedNow("This order is a draft.")
    place = places.through_channel(work.session, order, wants_channel=False)
    if place is None and not order.buyer_email.strip():
        raise NotAllowedNow("The order has no address for this kind of message.")
    link = pages.link(work, order_id) if "order.link" in placeholders.named(subject, text) else ""
    draft = _filled(work.session, order, EMAIL, (subject, text), _language(work.session, order),
                    False, link, place)
    occasion = work.occasion or f"once:{work.now.isoformat()}:{work.actor.id or work.actor.kind}"
    sent = service.put(work, draft.kind, draft.recipient, draft.rendered, name=subject[:80],
                       key=f"own:{order_id}:{occasion}"[:160], order_id=order_id,
                       place=draft.place)
    _answers(work, sent, draft.place)
    return sent


def _answers(work: Work, sent: int | None, place: Place | None) -> None:
    """What a person writes into a thread answers what stands there; what a rule writes does not."""
    if sent is not None and place is not None and place.thread_id and work.actor.kind == "user":
        threads.answer(work, place.thread_id)


def fitting(session: Session, order: Order, known: Sequence[MessageTemplate]
            ) -> MessageTemplate | None:
    """The template that suits how far an order is; else one that suits any."""
    kinds = {one.id: about(_fields(one), one.attach) for one in reversed(known)}
    first = {kind: id_ for id_, kind in kinds.items()}
    wanted = stage(order.phase, order.payment_state, order.is_documented)
    found = first.get(wanted) or first.get(PLAIN)
    return next((one for one in known if one.id == found), known[0] if known else None)


def _fields(template: MessageTemplate) -> frozenset[str]:
    words = templates.words_of(template)
    return placeholders.named(*words.pl, *words.en)


def preview(work: Work, order_id: int, template: MessageTemplate) -> Draft:
    """The message as it would be sent now; nothing is written.

    Raises:
        NotFound: there is no such order.
    """
    order = orders.get_order(work.session, order_id)
    return _draft(work.session, order, template,
                  pages.known_link(work, order_id) or pages.sample_link(work))


def try_words(work: Work, order_id: int, kind: str, words: tuple[str, str], language: str,
              plain: bool, case: Return | None = None) -> tuple[Draft, str]:
    """Words that are still being written, on an order, perhaps about a case of it; and the language
    its buyer is written to in.

    Raises:
        NotFound: there is no such order.
    """
    order = orders.get_order(work.session, order_id)
    link = pages.known_link(work, order_id) or pages.sample_link(work)
    return _filled(work.session, order, kind, words, language, plain, link, case=case), \
        _language(work.session, order)


def is_history(order: Order, now: datetime) -> bool:
    """Whether a rule should keep silent: the order had left or was over when it came here, or is
    old and has only just been brought in. People may write about whatever they want.

    What the till sells has left as it comes, and is news.
    """
    if order.source == taking.TILL:
        return False
    if any(moment is not None and moment <= order.created_at
           for moment in (order.shipped_at, order.closed_at)):
        return True
    return order.created_at - order.placed_at > NEWS and now - order.created_at < BRINGING_IN


def _taken_back(work: Work, order_id: int) -> bool:
    """Whether what a rule heard of was recalled before it came to write."""
    kind, _, number = work.occasion.partition(":")
    entry = work.session.get(AuditEntry, int(number)) if kind == "trail" else None
    return entry is not None and outgoing_queries.was_recalled(work.session, order_id, entry.at)


def _wants_link(session: Session, order: Order, template: MessageTemplate) -> bool:
    own = templates.variant(session, template.id, order.account_id)
    texts = [text for row in (template, own) if row is not None
             for pair in (templates.words_of(row).pl, templates.words_of(row).en)
             for text in pair]
    return "order.link" in placeholders.named(*texts)


def _draft(session: Session, order: Order, template: MessageTemplate, link: str) -> Draft:
    own = templates.variant(session, template.id, order.account_id)
    language, words = wording.choose(
        templates.words_of(template), templates.words_of(own) if own else None,
        _language(session, order))
    place = places.through_channel(session, order, wants_channel=template.through_channel,
                          kind=template.kind, carries_document=template.attach)
    draft = _filled(session, order, template.kind, words, language, template.plain, link, place)
    if not template.attach:
        return draft
    newest = session.scalar(select(Document.id).where(Document.order_id == order.id,
                                                       Document.kind.in_(kinds.FOR_BUYERS),
                                                       ~is_annulled())
                            .order_by(Document.id.desc()).limit(1))
    return replace(draft, documents=(newest,) if newest else ())


def _filled(session: Session, order: Order, kind: str, words: tuple[str, str], language: str,
            plain: bool, link: str, place: Place | None = None, case: Return | None = None
            ) -> Draft:
    kind = CHANNEL if place is not None else kind
    names = placeholders.named(*words)
    found = values.gather(session, order, names, language, link, case)
    return Draft(kind, _recipient(order, kind), wording.render(kind, words, language, found, plain),
                 (), tuple(sorted(name for name in names if not found.get(name))), place)


def _recipient(order: Order, kind: str) -> str:
    """Whom a message of a kind goes to; empty where the order has no such address."""
    if kind == CHANNEL:
        return places.recipient(order)
    return order.buyer_email.strip() if kind == EMAIL else _phone(order)


def _language(session: Session, order: Order) -> str:
    shop = session.get(Company, 1)
    return wording.language_of(order.country, shop.language if shop else "pl")


def _phone(order: Order) -> str:
    """The buyer's phone, else the one the courier calls, as a gateway wants it."""
    found = (phones.e164(text, order.country) for text in (
        order.buyer_phone, str((order.ship_to or {}).get("phone") or "")) if text)
    return next(filter(None, found), "")
