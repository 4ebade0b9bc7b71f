"""Events: what happened since, for programs that follow the shop."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import Field

from oms_web.api.operations import Call, get
from oms_web.api.shapes import MOST_ROWS, NO_NUL, Answer, Moment, Query, Told, one_of
from oms_web.core import paging
from oms_web.core.errors import Invalid
from oms_web.domain.audit import feed
from oms_web.domain.webhooks import told
from oms_web.domain.webhooks.told import SUBJECTS

Subject = Annotated[str, one_of(SUBJECTS)]


class EventQuery(Query):
    """Where to go on, and what to hear of."""

    after: str = Field("", max_length=2000, pattern=NO_NUL, description=(
        "next of the answer before; if not said, from the beginning."))
    since: Moment | None = Field(None, description="Begin at this moment; for the first call.")
    subject: list[Subject] = Field(list(SUBJECTS), max_length=len(SUBJECTS))
    limit: int = Field(50, ge=1, le=MOST_ROWS)


class Event(Answer):
    """Something that was done. subject_id is the order's number, or the number of its kind."""

    id: int
    at: Told
    type: str = Field(description="What was done, like orders.receive or shipping.shipped.")
    subject: Subject
    subject_id: int | None
    order_id: int | None = Field(description="The order it belongs to, if it does.")
    by: str = Field(description="Who did it: a person, a channel, a key, or the system.")
    changes: dict[str, Any] = Field(description="Field, then what it was and what it is.")
    note: str | None


class EventPage(Answer):
    """What happened, the oldest first."""

    items: list[Event]
    next: str = Field(description="Where to go on: keep it and send it as after.")
    more: bool = Field(description="Whether there is more at once.")


@get("/events", "events:read", act="audit.see", query=EventQuery, gives=EventPage)
def list_events(call: Call) -> EventPage:
    """What happened after a point, the oldest first: nothing is missed, nothing comes twice.

    Keep next and send it as after; when more is false, wait a while. A page may be empty while
    more is true: then the events you asked for are rare.
    """
    asked: EventQuery = call.query
    session = call.work.session
    if asked.after and asked.since:
        raise Invalid("Say after or since, not both.", "since")
    if asked.after:
        [seen] = paging.unseal_as(asked.after, int)
    else:
        seen = feed.begin_at(session, asked.since) if asked.since else feed.BEGINNING
    news = feed.since(session, seen, asked.subject, call.work.now, asked.limit)
    return EventPage(items=[Event(**told.event(one)) for one in news.entries],
                     next=paging.seal(news.seen), more=news.more)
