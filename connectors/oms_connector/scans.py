"""What a scan of a parcel means, told from Polish words where its code is new to us. Pure.

Carriers add codes without telling anybody. The words beside a code are written for people and
change less; who cannot be told even by them is on its way.
"""

from __future__ import annotations

import re

from oms_connector.carrying import Travel

# The first that fits: what went wrong is told before what would have been right.
_WORDS: tuple[tuple[str, Travel], ...] = (
    (r"zwrot|zwróc|zwrac|powrót|powrac", "returning"),
    (r"nieudan|niepowodz|nie zast|nie doręcz|niedoręcz|odmow|odmów|uszkodz|zagub|zagin|utrac"
     r"|zniszcz|błędn|wstrzym|zatrzym|reklamac|nie można", "exception"),
    (r"awizo|oczekuje na odbi|gotow\w* do odbi|do odbioru w|czeka na odbi", "waiting"),
    (r"do doręczeni|w doręczeni|wydan\w* (do|kurier)", "out"),
    (r"doręczon|odebran\w* (przez|w)|wydan\w* odbiorc", "delivered"),
    (r"nadan|przyjęt|odebran\w* od|podjęt", "accepted"),
    (r"zarejestr|dane elektron|utworzon|przygotowan|awizacj", "announced"),
)


def meaning(description: str) -> Travel:
    """How far a parcel is by what its carrier says of it; ``moving`` when that tells nothing."""
    return next((
        state for pattern, state in _WORDS if re.search(pattern, description, re.IGNORECASE)),
        "moving")
