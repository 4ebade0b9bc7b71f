"""Series, numbers and issued documents.

A number is taken in the transaction that issues the document, by one UPDATE of the period's row:
the row stays locked until the commit (PostgreSQL) or the whole database has one writer (SQLite),
and a rollback gives the number back. So numbers have neither gaps nor repeats.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

from sqlalchemy import func, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from oms_web.core.clock import local_day
from oms_web.core.errors import Invalid, NotAllowedNow, NotFound
from oms_web.core.work import Work
from oms_web.domain.audit import service as audit
from oms_web.domain.documents import kinds, numbering
from oms_web.domain.documents.models import Document, DocumentFile, Series, SeriesPeriod
from oms_web.domain.documents.snapshot import numbered, party_name

# What the audit trail calls it; an invoice, whichever, is issued.
_ACTS = {
    kinds.CORRECTION: "documents.correct", kinds.PROFORMA: "documents.proforma",
    **dict.fromkeys(kinds.WAREHOUSE, "documents.warehouse"),
}


def get_series(session: Session, series_id: int) -> Series:
    """A series by its key.

    Raises:
        NotFound: there is none.
    """
    series = session.get(Series, series_id)
    if series is None:
        raise NotFound("There is no such series.")
    return series


def default_series(work: Work, kind: str) -> Series:
    """The series used when nobody chose one; the first is made when it is first needed."""
    kind = kinds.series_kind(kind)
    found = work.session.scalar(
        select(Series)
        .where(Series.kind == kind, Series.archived_at.is_(None))
        .order_by(Series.is_default.desc(), Series.id)
        .limit(1)
    )
    if found is not None:
        return found
    name, pattern, reset = kinds.FIRST_SERIES[kind]
    try:
        with work.session.begin_nested():
            return add_series(work, kind, name, pattern, reset)
    except (IntegrityError, Invalid):  # another transaction made it, or an archived one has it
        found = work.session.scalar(
            select(Series).where(Series.kind == kind, Series.archived_at.is_(None)).limit(1)
        )
        if found is None:
            raise NotAllowedNow("Add a numbering series first.") from None
        return found


def add_series(work: Work, kind: str, name: str, pattern: str, reset: str,
               *, next_number: int = 1) -> Series:
    """A new series; the first of its kind becomes the default.

    Raises:
        Invalid: name taken, or the pattern could repeat a number, also one of another series.
    """
    if kind not in kinds.FIRST_SERIES:
        raise Invalid("Choose a kind of document.", "kind")
    name, pattern = _checked(work.session, kind, name, pattern, reset)
    first = not work.session.scalar(
        select(func.count()).where(Series.kind == kind, Series.archived_at.is_(None))
    )
    series = Series(kind=kind, name=name, pattern=pattern, reset=reset, is_default=first)
    work.session.add(series)
    work.session.flush()
    audit.record(work, "documents.add_series", "series", series.id,
                 {"name": [None, name], "pattern": [None, pattern], "reset": [None, reset]})
    if next_number != 1:
        set_next(work, series.id, next_number)
    return series


def change_series(work: Work, series_id: int, name: str, pattern: str, reset: str) -> None:
    """Rename a series; its pattern only while it has given no number.

    Raises:
        Invalid: name taken, or the pattern could repeat a number, also one of another series.
        NotAllowedNow: the pattern of a used series.
    """
    series = get_series(work.session, series_id)
    before = {"name": series.name, "pattern": series.pattern, "reset": series.reset}
    name, pattern = _checked(work.session, series.kind, name, pattern, reset, series.id)
    if (pattern, reset) != (series.pattern, series.reset) and _used(work.session, series.id):
        raise NotAllowedNow(
            "Numbers of this series are in use, so its pattern stays. Add a new series instead."
        )
    series.name, series.pattern, series.reset = name, pattern, reset
    changed = audit.changes(before, {"name": name, "pattern": pattern, "reset": reset})
    if changed:
        audit.record(work, "documents.change_series", "series", series.id, changed)


def make_default(work: Work, series_id: int) -> None:
    """Use a series when nobody chooses one."""
    series = get_series(work.session, series_id)
    if series.archived_at is not None:
        raise NotAllowedNow("This series is archived.")
    work.session.execute(
        update(Series).where(Series.kind == series.kind).values(is_default=False)
    )
    work.session.execute(update(Series).where(Series.id == series_id).values(is_default=True))
    audit.record(work, "documents.default_series", "series", series_id,
                 {"default": [None, series.name]})


def archive_series(work: Work, series_id: int) -> None:
    """Give no more numbers from a series. Its documents stay; said twice is quiet.

    Raises:
        NotAllowedNow: it is the default of its kind.
    """
    series = get_series(work.session, series_id)
    if series.archived_at is not None:
        return
    if series.is_default:
        raise NotAllowedNow("Make another series the default first.")
    series.archived_at = work.now
    audit.record(work, "documents.archive_series", "series", series_id)


def set_next(work: Work, series_id: int, number: int) -> None:
    """Say where a series goes on in the present period, for a shop that moves in mid-month.

    Raises:
        Invalid: not from 1 to 9,999,999.
        NotAllowedNow: this period has numbers of ours already.
    """
    if not 1 <= number <= 9_999_999:
        raise Invalid("Type a number from 1 to 9,999,999.", "next_number")
    series = get_series(work.session, series_id)
    period = numbering.period(series.reset, local_day(work.now))
    last = _advance(work.session, series_id, period, number - 1)
    # Looked at after the counter is locked: nobody can issue in between.
    if _used(work.session, series_id, period):
        raise NotAllowedNow("This period has documents already: its numbering goes on by itself.")
    audit.record(work, "documents.set_next", "series", series_id, {"next": [None, last + 1]},
                 note=period or None)


def last_number(session: Session, series_id: int, period: str) -> int:
    """The last number given in a period, 0 when none was. For the eye: it may be outrun."""
    return session.scalar(
        select(SeriesPeriod.last).where(SeriesPeriod.series_id == series_id,
                                        SeriesPeriod.period == period)
    ) or 0


def take_number(work: Work, series: Series, day: date) -> tuple[str, str, int]:
    """The next number of a series: (number, period, sequence). Locks the period until the end."""
    period = numbering.period(series.reset, day)
    sequence = _advance(work.session, series.id, period)
    return numbering.render(series.pattern, sequence, day), period, sequence


def chosen_series(work: Work, kind: str, series_id: int | None) -> Series:
    """The series a document takes its number from: the one asked for, else the usual one.

    Raises:
        NotFound: there is no such series.
        Invalid: it numbers documents of another kind.
    """
    if not series_id:
        return default_series(work, kind)
    series = get_series(work.session, series_id)
    if series.kind != kinds.series_kind(kind):
        raise Invalid("This series numbers documents of another kind.", "series")
    return series


def issue(work: Work, series: Series, snapshot: Mapping[str, Any], order_id: int | None, *,
          corrects_id: int | None = None, cause: str | None = None) -> Document:
    """Give a finished snapshot its number and store it for good.

    Raises:
        NotAllowedNow: the series is archived, or another document has this number.
        Invalid: the issue date lies in the future, or before the series' last document.
    """
    if series.archived_at is not None:
        raise NotAllowedNow("This series is archived.")
    day = date.fromisoformat(snapshot["issue_date"])
    if day > local_day(work.now):
        raise Invalid("The issue date lies in the future.", "issue_date")
    number, period, sequence = take_number(work, series, day)
    # Numbers and days run the same way; looked at after the counter is locked.
    last_day = work.session.scalar(
        select(Document.issue_date)
        .where(Document.series_id == series.id)
        .order_by(Document.period.desc(), Document.sequence.desc())
        .limit(1)
    )
    if last_day is not None and day < last_day:
        raise Invalid("This series already has a document of %(day)s; take that day or a later "
                      "one.", "issue_date", day=last_day)
    full, total = numbered(snapshot, number), snapshot["total"]
    document = Document(
        kind=snapshot["kind"], series_id=series.id, period=period, sequence=sequence,
        number=number, order_id=order_id, corrects_id=corrects_id, cause=cause,
        issued_at=work.now, issue_date=day, sale_date=date.fromisoformat(snapshot["sale_date"]),
        issued_by=work.actor.name, language=snapshot["language"],
        buyer=party_name(snapshot["buyer"])[:200], currency=snapshot["currency"], net=total["net"],
        vat=total["vat"], gross=total["gross"], snapshot=full,
    )
    if work.session.scalar(select(Document.id).where(Document.number == number)):
        raise NotAllowedNow("Another series has already given the number %(number)s. Change the "
                            "pattern of this one.", number=number)
    work.session.add(document)
    work.session.flush()
    audit.record(work, _ACTS.get(document.kind, "documents.issue"), "document", document.id,
                 {"number": [None, number], "gross": [None, total["gross"]]}, order_id=order_id)
    return document


def note_file(work: Work, document_id: int, file: str) -> str:
    """Remember the PDF of a document; the name that counts (an earlier one stays)."""
    present = work.session.get(DocumentFile, document_id)
    if present is not None:
        return present.file
    try:
        with work.session.begin_nested():
            work.session.add(DocumentFile(document_id=document_id, file=file, made_at=work.now))
    except IntegrityError:
        return work.session.scalars(
            select(DocumentFile.file).where(DocumentFile.document_id == document_id)
        ).one()
    return file


def _advance(session: Session, series_id: int, period: str, to: int | None = None) -> int:
    """Move the counter on by one, or to a number, and lock it; the counter's new value."""
    target = SeriesPeriod.last + 1 if to is None else to
    step = (
        update(SeriesPeriod)
        .where(SeriesPeriod.series_id == series_id, SeriesPeriod.period == period)
        .values(last=target)
        .returning(SeriesPeriod.last)
        .execution_options(synchronize_session=False)
    )
    last = session.scalar(step)
    if last is not None:
        return last
    first = 1 if to is None else to
    try:
        with session.begin_nested():
            session.add(SeriesPeriod(series_id=series_id, period=period, last=first))
    except IntegrityError:  # another transaction opened the period and has committed since
        return int(session.scalars(step).one())
    return first


def _used(session: Session, series_id: int, period: str | None = None) -> bool:
    query = select(Document.id).where(Document.series_id == series_id).limit(1)
    if period is not None:
        query = query.where(Document.period == period)
    return session.scalar(query) is not None


def _checked(session: Session, kind: str, name: str, pattern: str, reset: str,
             but: int | None = None) -> tuple[str, str]:
    name = " ".join(name.split())
    if not 1 <= len(name) <= 80:
        raise Invalid("Give the series a name of up to 80 characters.", "name")
    pattern = numbering.check_pattern(pattern, reset)
    known = {one.id: one for one in session.scalars(select(Series))}
    mine = known.pop(but, None) if but else None
    for other in known.values():
        if other.kind == kind and other.name == name:
            raise Invalid("There is a series with this name already.", "name")
        if mine is not None and mine.pattern == pattern:
            continue  # only its name changes
        if other.pattern == pattern:
            raise Invalid("The series %(name)s has this pattern already.", "pattern",
                          name=other.name)
        if shared := numbering.meeting(pattern, other.pattern):
            raise Invalid("The series %(name)s can give the same number, as %(number)s, and no "
                          "two documents may have one number (art. 106e). Begin the pattern with "
                          "other letters.", "pattern", name=other.name, number=shared)
    return name, pattern
