"""Macros: the seller's own buttons. Made, changed, put away, found by what was scanned."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from oms_web.core.errors import Invalid, InvalidForm, NotFound, OmsError
from oms_web.core.text import tidy
from oms_web.core.work import Work
from oms_web.domain.audit import service as audit
from oms_web.domain.automation.models import Macro

ICONS = (
    "wand", "bolt", "tag", "gift", "hand-click", "player-pause", "player-play", "phone", "mail",
    "note", "truck", "package", "clipboard-check", "ban", "clock", "heart-broken", "rocket",
    "shield-check", "tool", "zoom-question",
)
MOST_NAME, MOST_STEPS = 40, 20
_KEY = re.compile(r"[1-9a-z]")
_COLOR = re.compile(r"#[0-9A-Fa-f]{6}")
_BARCODE = re.compile(r"[0-9A-Za-z.\-/+$% ]{4,40}")
"""What a printer of Code 39 and a scanner of any kind can do."""
_UNIQUE = {
    "name": "Another macro has this name.", "key": "Another macro has this key.",
    "barcode": "Another macro has this barcode.",
}


def get(session: Session, macro_id: int) -> Macro:
    """A macro.

    Raises:
        NotFound: there is none, or it was put away.
    """
    macro = session.get(Macro, macro_id)
    if macro is None or macro.archived_at is not None:
        raise NotFound("There is no such macro.")
    return macro


def every(session: Session) -> Sequence[Macro]:
    """All macros, by name."""
    return session.scalars(select(Macro).where(Macro.archived_at.is_(None))
                           .order_by(func.lower(Macro.name), Macro.id)).all()


def scanned(session: Session, code: str) -> Macro | None:
    """The macro of the pack station whose barcode was scanned."""
    return session.scalar(select(Macro).where(
        Macro.barcode == code.strip(), Macro.at_station, Macro.archived_at.is_(None)))


def create(work: Work, values: Mapping[str, Any]) -> Macro:
    """Make a macro. Its acts were checked (``automation/acts``).

    Raises:
        InvalidForm: naming the fields that cannot be so.
    """
    macro = Macro(created_at=work.now, changed_at=work.now, **_checked(work.session, values, 0))
    work.session.add(macro)
    work.session.flush()
    audit.record(work, "macros.create", "macro", macro.id, {"name": [None, macro.name]})
    return macro


def change(work: Work, macro_id: int, values: Mapping[str, Any]) -> bool:
    """Change a macro; False when nothing is different.

    Raises:
        InvalidForm: naming the fields that cannot be so.
    """
    macro = get(work.session, macro_id)
    said = _checked(work.session, values, macro_id)
    changes = audit.changes({name: getattr(macro, name) for name in said}, said)
    if not changes:
        return False
    for name in changes:
        setattr(macro, name, said[name])
    macro.changed_at = work.now
    if "steps" in changes:  # whole lists of parameters are nothing to read
        changes["steps"] = [len(changes["steps"][0]), len(changes["steps"][1])]
    audit.record(work, "macros.change", "macro", macro_id, changes)
    return True


def archive(work: Work, macro_id: int) -> None:
    """Put a macro away; its key and barcode are free again."""
    macro = get(work.session, macro_id)
    audit.record(work, "macros.archive", "macro", macro_id, {"name": [macro.name, None]})
    macro.archived_at, macro.key, macro.barcode = work.now, None, None
    macro.name = f"{macro.name[:40]} #{macro.id}"


def _checked(session: Session, values: Mapping[str, Any], own_id: int) -> dict[str, Any]:
    said: dict[str, Any] = {
        "name": tidy(str(values.get("name") or "")),
        "key": str(values.get("key") or "").strip().lower() or None,
        "barcode": str(values.get("barcode") or "").strip() or None,
        "icon": str(values.get("icon") or ICONS[0]), "color": str(values.get("color") or "#64748B"),
        "steps": list(values.get("steps") or []),
        **{place: bool(values.get(place)) for place in ("on_list", "on_card", "at_station")},
    }
    checks: dict[str, OmsError | None] = {
        "name": _named(said["name"]), "steps": _listed(said["steps"]),
        "key": _formed(said["key"], _KEY, "A digit from 1 to 9, or a letter."),
        "barcode": _formed(said["barcode"], _BARCODE,
                           "4 to 40 letters without accents, digits or - . /"),
        "icon": None if said["icon"] in ICONS else Invalid("Choose an icon.", "icon"),
        "color": _formed(said["color"], _COLOR, "Choose a colour."),
    }
    problems = {name: problem for name, problem in checks.items() if problem is not None}
    for name, words in _UNIQUE.items():
        if said[name] and name not in problems and session.scalar(select(Macro.id).where(
                getattr(Macro, name) == said[name], Macro.id != own_id)):
            problems[name] = Invalid(words, name)
    if problems:
        raise InvalidForm(problems)
    return said


def _named(name: str) -> OmsError | None:
    if not name:
        return Invalid("Fill this in.", "name")
    return Invalid("At most %(limit)s characters.", "name", limit=MOST_NAME) \
        if len(name) > MOST_NAME else None


def _listed(steps: Sequence[Any]) -> OmsError | None:
    if not steps:
        return Invalid("Choose at least one thing to do.", "steps")
    if any(key == "macro" for key, _ in steps):
        return Invalid("A macro cannot run a macro.", "steps")
    return Invalid("At most %(n)s things to do.", "steps", n=MOST_STEPS) \
        if len(steps) > MOST_STEPS else None


def _formed(value: str | None, form: re.Pattern[str], words: str) -> OmsError | None:
    return Invalid(words) if value and not form.fullmatch(value) else None
