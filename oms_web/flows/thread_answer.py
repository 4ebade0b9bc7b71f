"""Answer a buyer in the thread they wrote in: the words go through their channel."""

from __future__ import annotations

from oms_web.core.errors import Invalid, NotAllowedNow
from oms_web.core.text import tidy
from oms_web.core.work import Work
from oms_web.domain.channels.service import get_account
from oms_web.domain.messages import conversations, service, threads
from oms_web.domain.messages.service import Place
from oms_web.domain.messages.wording import CHANNEL, Rendered


def answer(work: Work, thread_id: int, text: str, form_key: str, most: int) -> int | None:
    """Write into a thread, which then waits no more; None if this form has written it before.

    Args:
        most: how many characters the channel takes.

    Raises:
        NotFound: there is no such thread.
        Invalid: no words, or too many.
        NotAllowedNow: its channel takes no messages from here.
    """
    text = threads.as_text(text)
    if not text or len(text) > most:
        raise Invalid("Between 1 and %(n)s characters.", "text", n=most)
    thread = threads.get(work.session, thread_id)
    if not get_account(work.session, thread.account_id).writing:
        raise NotAllowedNow("This channel takes no messages from here. Answer there.")
    order_id = conversations.orders_of(work.session, [thread]).get(thread.id)
    sent = service.put(
        work, CHANNEL, thread.buyer or thread.external_id, Rendered("pl", "", text),
        name=tidy(text)[:80], key=f"answer:{thread_id}:{form_key}"[:160], order_id=order_id,
        place=Place(thread.account_id, thread.id, thread.order_ref))
    if sent is not None:
        threads.answer(work, thread_id)
    return sent
