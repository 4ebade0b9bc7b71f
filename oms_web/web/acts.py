"""The audit trail in words: what each act is called, what it was done to, and the changed fields.

What an act, its family and its subject are called stands in ``trail_names``.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask_babel import lazy_gettext as _l

from oms_web.domain.audit.models import AuditEntry
from oms_web.domain.orders.verification.kinds import CHECKS
from oms_web.web import (
    act_fields,
    act_values,
    books,
    case_words,
    channel_words,
    claim_words,
    einvoice_words,
    label_words,
    message_words,
    payment_words,
    quarantine,
    shipments,
    stock_documents,
)
from oms_web.web.order_words import HOLDS, HOW_SETTLED, LEVELS, PAYMENT_KINDS, QUEUES
from oms_web.web.packing_band import WEIGHT_REASONS
from oms_web.web.phase_names import PHASES
from oms_web.web.trail_names import ACTS, FAMILIES
from oms_web.web.users import ROLE_NAMES

VALUES: dict[str, Mapping[str, Any]] = {
    "phase": {**PHASES, **case_words.PHASES}, "kind": case_words.KINDS,
    "goods": case_words.GOODS, "money": case_words.MONEY, "refund": case_words.REFUND_STATES,
    "fee_claim": payment_words.CLAIMS, "claim": claim_words.STATES,
    "claim_reason": claim_words.REASONS,
    "refund_method": case_words.METHODS, "disposition": case_words.DISPOSITIONS,
    "outcome": case_words.WISHES, "reason_code": case_words.REASONS, "wish": case_words.WISHES,
    "role": ROLE_NAMES, "hold": HOLDS,
    "queue": {name: queue.label for name, queue in QUEUES.items()},
    "finding": HOLDS, "how": HOW_SETTLED, **{kind: LEVELS for kind in CHECKS},
    "by": {"buyer": _l("the buyer"), "seller": _l("the seller"), "channel": _l("the channel"),
           "mistake": _l("nobody: it was opened by mistake")},
    "ground": case_words.GROUNDS,
    "payment_kind": PAYMENT_KINDS, "reason": WEIGHT_REASONS, "message": message_words.STATES,
    "template": message_words.FIXED,
    "method": {"cash": _l("cash"), "card": _l("card"), "transfer": _l("bank transfer")},
    "moment": message_words.MOMENTS, "travel": label_words.TRAVEL,
    "label": {**label_words.STATES, "void": _l("to be taken back"), "unused": label_words.UNUSED},
    "books": books.STATES, "ksef": einvoice_words.STATES,
    "audience": {"own": _l("the owner alone"), "all": _l("everybody"), **ROLE_NAMES},
    "state": {
        **channel_words.STATES, **stock_documents.STATES, **quarantine.STATES, **shipments.STATES,
        "open": _l("in progress"), "done": _l("done"), "gone": _l("ended by its receiver"),
        "on": _l("on"), "off": _l("off"), "shadow": _l("only watches"),
        "stopped": _l("stopped by itself"),
    },
}

_ACTORS = {"system": _l("The system"), "connector": _l("A channel"), "cli": _l("Command line"),
           "api": _l("A key of the API"), "rule": _l("A rule")}


def said(act: str) -> str:
    """An act in words."""
    return str(ACTS.get(act, act))


def families() -> dict[str, str]:
    """The families of acts a reader may filter by: prefix with its dot -> words."""
    present = {act.partition(".")[0] for act in ACTS}
    return {f"{key}.": str(words) for key, words in FAMILIES.items() if key in present}


def actor_name(kind: str) -> str:
    """Who did it, when it was not a person."""
    return str(_ACTORS.get(kind, kind))


def shown(entry: AuditEntry, currency: str = "PLN") -> list[tuple[str, str, str]]:
    """The changed fields of an entry: name, before, after; nested values are taken apart.

    ``currency`` is that of its amounts, unless the entry itself says one.
    """
    told = _pair(entry.change.get("currency"))[1]
    currency = told if isinstance(told, str) and told else currency
    rows: list[tuple[str, str, str]] = []
    for field, change in entry.change.items():
        before, after = _pair(change)
        if field in act_values.HIDDEN:
            continue
        if isinstance(before, Mapping) and isinstance(after, Mapping) and field != "spec":
            keys = [key for key in {**before, **after} if before.get(key) != after.get(key)]
            rows += [_row(str(key), before.get(key), after.get(key), currency) for key in keys]
        else:
            rows.append(_row(field, before, after, currency))
    return rows


def _row(field: str, before: Any, after: Any, currency: str) -> tuple[str, str, str]:
    words = VALUES.get(field, {})
    return (_field(field), *act_values.pair(field, before, after, words, currency, _field))


def _pair(change: Any) -> tuple[Any, Any]:
    if isinstance(change, list | tuple) and len(change) == 2:
        return change[0], change[1]
    return None, change


def _field(name: str) -> str:
    return str(act_fields.FIELDS.get(name)
               or (HOLDS[name] if name in CHECKS else act_values.label(name)))
