"""Templates of messages: made, changed, put away; other words for a channel."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import delete, func, select
from sqlalchemy.orm import Session

from oms_web.core.db import rows_changed
from oms_web.core.errors import Invalid, InvalidForm, NotFound, OmsError
from oms_web.core.text import tidy
from oms_web.core.work import Work
from oms_web.domain.audit import service as audit
from oms_web.domain.channels.models import ChannelAccount
from oms_web.domain.channels.service import get_account
from oms_web.domain.messages import placeholders
from oms_web.domain.messages.models import MessageTemplate, MessageVariant
from oms_web.domain.messages.wording import EMAIL, LANGUAGES, SMS, Words
from oms_web.domain.returns import moments

KINDS = (EMAIL, SMS)
ORDERS, CASES = "orders", "cases"
MOST_NAME, MOST_SUBJECT, MOST_TEXT, MOST_SMS = 80, 200, 10_000, 900
WORDS = tuple(f"{part}_{language}" for language in LANGUAGES for part in ("subject", "text"))


def get(session: Session, template_id: int) -> MessageTemplate:
    """A template.

    Raises:
        NotFound: there is none, or it was put away.
    """
    found = session.get(MessageTemplate, template_id)
    if found is None or found.archived_at is not None:
        raise NotFound("There is no such template.")
    return found


def every(session: Session, about: str = "") -> Sequence[MessageTemplate]:
    """All templates by name, or those about ``orders`` or ``cases``."""
    query = select(MessageTemplate).where(MessageTemplate.archived_at.is_(None))
    if about:
        query = query.where(MessageTemplate.moment == "" if about == ORDERS
                            else MessageTemplate.moment != "")
    return session.scalars(query.order_by(func.lower(MessageTemplate.name),
                                          MessageTemplate.id)).all()


def by_themselves(session: Session, moment: str) -> Sequence[MessageTemplate]:
    """The templates that are sent by themselves when a case takes a turn."""
    return session.scalars(
        select(MessageTemplate)
        .where(MessageTemplate.archived_at.is_(None), MessageTemplate.moment == moment,
               MessageTemplate.by_itself, MessageTemplate.kind == EMAIL)
        .order_by(MessageTemplate.id)).all()


def variants(session: Session, template_id: int) -> list[tuple[MessageVariant, str]]:
    """Other words for channels, with the channels' names."""
    return [(variant, name) for variant, name in session.execute(
        select(MessageVariant, ChannelAccount.name)
        .join(ChannelAccount, ChannelAccount.id == MessageVariant.account_id)
        .where(MessageVariant.template_id == template_id).order_by(ChannelAccount.name))]


def variant(session: Session, template_id: int, account_id: int | None) -> MessageVariant | None:
    """A channel's own words of a template, if it has any."""
    return session.get(MessageVariant, (template_id, account_id)) if account_id else None


def words_of(row: MessageTemplate | MessageVariant) -> Words:
    """The words of a row."""
    return Words((row.subject_pl, row.text_pl), (row.subject_en, row.text_en))


def create(work: Work, values: Mapping[str, Any]) -> MessageTemplate:
    """Make a template.

    Raises:
        InvalidForm: naming the fields that cannot be so.
    """
    kind = str(values.get("kind") or "")
    said = _checked(work.session, values, kind)
    row = MessageTemplate(kind=kind, created_at=work.now, changed_at=work.now, **said)
    work.session.add(row)
    work.session.flush()
    audit.record(work, "messages.template_create", "message_template", row.id,
                 {"name": [None, row.name]})
    return row


def change(work: Work, template_id: int, values: Mapping[str, Any]) -> bool:
    """Change a template; False when nothing is different. What was sent keeps its words.

    Raises:
        InvalidForm: naming the fields that cannot be so.
    """
    row = get(work.session, template_id)
    said = _checked(work.session, values, row.kind, template_id)
    changes = audit.changes({name: getattr(row, name) for name in said}, said)
    for name in changes:
        setattr(row, name, said[name])
    if changes:
        row.changed_at = work.now
        audit.record(work, "messages.template_change", "message_template", template_id,
                     _told(row.name, changes))
    return bool(changes)


def archive(work: Work, template_id: int) -> None:
    """Put a template away; its name is free again. Rules that send it will say that it is gone."""
    row = get(work.session, template_id)
    audit.record(work, "messages.template_archive", "message_template", template_id,
                 {"name": [row.name, None]})
    row.archived_at, row.name = work.now, f"{row.name[:60]} #{row.id}"


def set_variant(work: Work, template_id: int, account_id: int, values: Mapping[str, Any]) -> None:
    """Give a channel words of its own.

    Raises:
        InvalidForm: naming the fields that cannot be so.
    """
    row = get(work.session, template_id)
    name = get_account(work.session, account_id).name
    said, problems = _words(values, row.kind)
    if problems:
        raise InvalidForm(problems)
    found = work.session.get(MessageVariant, (template_id, account_id))
    if found is None:
        found = MessageVariant(template_id=template_id, account_id=account_id)
        work.session.add(found)
    changes = audit.changes({part: getattr(found, part) for part in said}, said)
    for part, value in said.items():
        setattr(found, part, value)
    audit.record(work, "messages.template_variant", "message_template", template_id,
                 {"channel": [None, name], **_told(row.name, changes)})


def drop_variant(work: Work, template_id: int, account_id: int) -> None:
    """Let a channel have the usual words again."""
    row = get(work.session, template_id)
    name = get_account(work.session, account_id).name
    gone = rows_changed(work.session, delete(MessageVariant).where(
        MessageVariant.template_id == template_id, MessageVariant.account_id == account_id))
    if gone:
        audit.record(work, "messages.template_variant", "message_template", template_id,
                     {"channel": [name, None], "name": [row.name, row.name]})


def _told(name: str, changes: Mapping[str, Any]) -> dict[str, Any]:
    """What the trail keeps of a change: that words are others, not which."""
    kept = {key: pair for key, pair in changes.items() if key not in WORDS}
    return {"name": [name, name], **kept,
            **({"words": [None, "…"]} if set(changes) & set(WORDS) else {})}


def _checked(session: Session, values: Mapping[str, Any], kind: str, own_id: int = 0
             ) -> dict[str, Any]:
    name = tidy(str(values.get("name") or ""))
    said, problems = _words(values, kind)
    if kind not in KINDS:
        problems["kind"] = Invalid("Choose one of the list.", "kind")
    if not name:
        problems["name"] = Invalid("Fill this in.", "name")
    elif len(name) > MOST_NAME:
        problems["name"] = Invalid("At most %(limit)s characters.", "name", limit=MOST_NAME)
    elif session.scalar(select(MessageTemplate.id).where(
            MessageTemplate.name == name, MessageTemplate.id != own_id)):
        problems["name"] = Invalid("Another template has this name.", "name")
    moment = str(values.get("moment") or "") if kind == EMAIL else ""
    problems |= _of_case(moment, said)
    if problems:
        raise InvalidForm(problems)
    return {"name": name, **said, "plain": kind == SMS and bool(values.get("plain")),
            "attach": kind == EMAIL and bool(values.get("attach")),
            "through_channel": kind == EMAIL and bool(values.get("through_channel")),
            "moment": moment,
            "by_itself": moment in moments.MOMENTS and bool(values.get("by_itself"))}


def _of_case(moment: str, said: Mapping[str, str]) -> dict[str, OmsError]:
    """What is wrong with a template about a case: what is an answer must say it."""
    if moment not in ("", moments.ANY, *moments.MOMENTS):
        return {"moment": Invalid("Choose one of the list.", "moment")}
    if moment != moments.ANSWERED:
        return {}
    return {f"text_{language}": Invalid("The answer itself must be in it: %(name)s.",
                                        f"text_{language}", name="{{case.answer}}")
            for language in LANGUAGES if said[f"text_{language}"]
            and "case.answer" not in placeholders.named(said[f"text_{language}"])}


def _words(values: Mapping[str, Any], kind: str) -> tuple[dict[str, str], dict[str, OmsError]]:
    said: dict[str, str] = {}
    problems: dict[str, OmsError] = {}
    for name in WORDS:
        raw = str(values.get(name) or "")
        text = raw.replace("\r\n", "\n").strip() if name.startswith("text") else tidy(raw)
        said[name] = "" if kind == SMS and name.startswith("subject") else text
        most = MOST_SUBJECT if name.startswith("subject") else MOST_SMS if kind == SMS \
            else MOST_TEXT
        try:
            if len(text) > most:
                raise Invalid("At most %(limit)s characters.", name, limit=most)
            placeholders.check(text, name)
        except Invalid as error:
            problems[name] = error
    for language in LANGUAGES:
        text, subject = said[f"text_{language}"], said[f"subject_{language}"]
        if kind == EMAIL and text and not subject:
            problems.setdefault(f"subject_{language}", Invalid("Fill this in."))
        if subject and not text:
            problems.setdefault(f"text_{language}", Invalid("Fill this in."))
    if not any(said[f"text_{language}"] for language in LANGUAGES):
        problems.setdefault("text_pl", Invalid("Fill this in.", "text_pl"))
    return said, problems
