"""What the phases of an order are called on screen."""

from __future__ import annotations

from flask_babel import lazy_pgettext

PHASES = {
    "draft": lazy_pgettext("phase", "Draft"), "open": lazy_pgettext("phase", "Open"),
    "packing": lazy_pgettext("phase", "Being packed"),
    "elsewhere": lazy_pgettext("phase", "Sent by the channel"),
    "shipped": lazy_pgettext("phase", "Shipped"), "done": lazy_pgettext("phase", "Delivered"),
    "cancelled": lazy_pgettext("phase", "Cancelled"),
}
