"""The stand-in's Latarnia: what it announces of itself, and the page with all its switches."""

from __future__ import annotations

import html
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from oms_web.adapters.ksef_standin.books import Session


@dataclass(slots=True)
class Announcements:
    """Messages as the real one has them, the oldest first."""

    messages: list[dict[str, Any]] = field(default_factory=list)

    @property
    def is_failure(self) -> bool:
        """Whether a failure goes on, by the last message."""
        return bool(self.messages) and self.messages[-1]["type"] == "FAILURE_START"

    def turn(self, now: datetime) -> None:
        """Announce that a failure begins, or that it has ended."""
        ends = self.is_failure
        last = self.messages[-1] if ends else None
        self.messages.append({
            "id": f"M-{len(self.messages) + 1}", "version": 1, "category": "FAILURE",
            "eventId": last["eventId"] if last else len(self.messages) + 1,
            "type": "FAILURE_END" if ends else "FAILURE_START",
            "title": "Koniec awarii KSeF" if ends else "Awaria KSeF",
            "text": "Próba: komunikat atrapy.", "published": now.isoformat(),
            "start": last["start"] if last else now.isoformat(),
            "end": now.isoformat() if ends else None,
        })


def page(sessions: Iterable[Session], *, is_down: bool, is_announced: bool) -> bytes:
    """What came here, and the switches."""
    rows = "".join(
        f"<tr><td>{html.escape(one.number or '?')}<td>{one.code}"
        f"<td>{html.escape(one.ksef_number or '; '.join(one.details))}"
        for session in sessions for one in session.invoices)
    button = "Włącz" if is_down else "Wyłącz (awaria)"
    word = "Ogłoś koniec awarii" if is_announced else "Ogłoś awarię"
    return (f"<!doctype html><html lang=pl><meta charset=utf-8><title>Atrapa KSeF</title>"
            f"<h1>Atrapa KSeF: {'wyłączona' if is_down else 'działa'}</h1>"
            f"<p>Faktury wysłane tutaj nie są wystawione."
            f"<form method=post action=/switch><button>{button}</button></form>"
            f"<form method=post action=/announce><button>{word}</button></form>"
            f"<table><tr><th>Numer<th>Kod<th>Numer KSeF{rows}</table></html>").encode()
