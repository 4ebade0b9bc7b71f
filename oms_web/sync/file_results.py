"""Looking at import runs: the list of them, how one ended, and what it left in quarantine."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import ColumnElement, func, literal, select, tuple_
from sqlalchemy.orm import Session

from oms_web.core.columns import UtcDateTime
from oms_web.core.paging import Page, seal, unseal
from oms_web.core.sentences import Sentences
from oms_web.sync.file_runs import Progress, get_run, origin_of
from oms_web.sync.models import ImportProfile, ImportRun, Quarantine


def page(
    session: Session, after: str | None = None, size: int = 50
) -> Page[tuple[ImportRun, ImportProfile]]:
    """Runs with their profiles, the latest begun first."""
    query = (
        select(ImportRun, ImportProfile)
        .join(ImportProfile, ImportProfile.id == ImportRun.profile_id)
        .order_by(ImportRun.created_at.desc(), ImportRun.id.desc()).limit(size + 1)
    )
    if after:
        moment, run_id = unseal(after, 2)
        query = query.where(
            tuple_(ImportRun.created_at, ImportRun.id) < tuple_(literal(moment, UtcDateTime()),
                                                                literal(run_id))
        )
    rows = [(run, profile) for run, profile in session.execute(query)]
    more = len(rows) > size
    last = rows[size - 1][0] if more else None
    return Page(rows[:size], seal(last.created_at, last.id) if last else None)


def waiting(
    session: Session, run_id: int, after: str | None = None, size: int = 50
) -> Page[Quarantine]:
    """What a run has put into quarantine and is still there, in the order of the file."""
    run = get_run(session, run_id)
    profile = session.get_one(ImportProfile, run.profile_id)
    query = (
        select(Quarantine)
        .where(*_of_run(run_id, profile), Quarantine.state == "waiting")
        .order_by(Quarantine.id).limit(size + 1)
    )
    if after:
        query = query.where(Quarantine.id > unseal(after, 1)[0])
    rows = session.scalars(query).all()
    more = len(rows) > size
    return Page(rows[:size], seal(rows[size - 1].id) if more else None)


def _of_run(run_id: int, profile: ImportProfile) -> tuple[ColumnElement[bool], ...]:
    """Quarantine rows of a run; the account comes first, since an index begins with it."""
    kinds = {"orders": "order", "products": "product", "stock": "stock"}
    account = Quarantine.account_id == profile.account_id if profile.kind == "orders" \
        else Quarantine.account_id.is_(None)
    return (account, Quarantine.kind == kinds[profile.kind],
            Quarantine.origin == origin_of(run_id))


@dataclass(frozen=True, slots=True)
class Summary:
    """How a run ended. ``skipped`` and ``reasons`` are (sentence, how often), most often first."""

    run: ImportRun
    profile: ImportProfile
    skipped: Sequence[tuple[str, int]]
    reasons: Sequence[tuple[str, int]]


_MOST_REASONS = 2000


def summary(session: Session, run_id: int, templates: Sequence[str] = ()) -> Summary:
    """How a run stands; reasons that only differ in row and value are counted together."""
    run = get_run(session, run_id)
    profile = session.get_one(ImportProfile, run.profile_id)
    sentences = Sentences(templates)
    reasons: Counter[str] = Counter()
    rows = session.execute(
        select(Quarantine.reason, func.count())
        .where(*_of_run(run_id, profile), Quarantine.state == "waiting")
        .group_by(Quarantine.reason).limit(_MOST_REASONS)
    )
    for reason, count in rows:
        reasons[_alike(reason, sentences)] += count
    skipped = Counter(Progress.of(run).skipped)
    return Summary(run, profile, skipped.most_common(), reasons.most_common())


# Places whose filling tells one case from another, not one kind from another.
_CASES = frozenset(("text", "found", "row", "values", "key", "limit"))


def _alike(reason: str, sentences: Sentences) -> str:
    """A reason without the row and the value it was found at."""
    said = sentences.find(reason)
    if said is None:
        return reason
    if "what" in said.places and "row" in said.places:
        return _alike(said.places["what"], sentences)
    kept = {name: "…" if name in _CASES else value for name, value in said.places.items()}
    return (said.template % kept).removesuffix(": …")
