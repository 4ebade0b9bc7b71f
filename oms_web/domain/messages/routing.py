"""Which way a message goes: by e-mail, as an SMS, or through the order's channel. Pure.

Marketplaces want to see what is said to their buyers and forbid writing past them (Allegro's terms
for sellers: addresses of buyers are for carrying out the sale, not for advertising).
"""

from __future__ import annotations

from oms_web.domain.messages.wording import CHANNEL, EMAIL

CAN, FIRST = "can", "first"
"""Whether a channel takes messages to buyers, or wants them to go through it (``ChannelAccount``).
"""


def choose(kind: str, writing: str, *, wants_channel: bool, carries_document: bool) -> str:
    """The kind of message that a template of a kind becomes.

    Args:
        writing: what the order's channel takes: empty, ``can`` or ``first``.
        wants_channel: the seller chose the channel for this template.
        carries_document: a PDF goes along, which only a letter can carry.
    """
    if kind != EMAIL or carries_document:
        return kind
    return CHANNEL if writing == FIRST or (writing == CAN and wants_channel) else EMAIL
