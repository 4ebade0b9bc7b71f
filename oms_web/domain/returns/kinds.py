"""The words of cases: kinds, reasons, wishes, outcomes, grades, and what becomes of a unit. Pure.

Screens have the words for people; nothing decides by those.
"""

from __future__ import annotations

RETURN, EXCHANGE, WITHDRAWAL, COMPLAINT = "return", "exchange", "withdrawal", "complaint"
KINDS = (RETURN, EXCHANGE, WITHDRAWAL, COMPLAINT)

SERIES = {RETURN: "RMA", EXCHANGE: "WYM", WITHDRAWAL: "ODS", COMPLAINT: "REK"}
"""How the numbers of each kind begin; each kind counts for itself, month by month."""

SOURCES = ("desk", "bench", "buyer", "channel", "file")

REASONS = ("changed_mind", "too_small", "too_large", "not_described", "wrong_item", "damaged",
           "defect", "incomplete", "late", "not_collected", "other")
"""Why something comes back. ``not_collected``: a parcel nobody took, or that was refused."""

FAULTS = frozenset({"not_described", "wrong_item", "damaged", "defect", "incomplete", "late"})
"""Reasons that lie with the seller, the maker or the courier."""

REPAIR, REPLACE, REDUCE, REFUND = "repair", "replace", "reduce", "refund"
WISHES = (REPAIR, REPLACE, REDUCE, REFUND)
"""What a buyer may ask for (ustawa o prawach konsumenta, art. 43d-43e); outcomes are the same."""

GRADES = ("A", "B", "C", "D")
"""A: as new. B: opened, whole. C: used or marked. D: broken."""

RESTOCK, QUARANTINE, MENDING, SCRAPPED, SUPPLIED = (
    "restock", "quarantine", "repair", "scrap", "supplier")
DISPOSITIONS = (RESTOCK, QUARANTINE, MENDING, SCRAPPED, SUPPLIED)

USUAL = {"A": RESTOCK, "B": QUARANTINE, "C": QUARANTINE, "D": SCRAPPED}
"""What a grade usually leads to; whoever judges may choose otherwise."""
