"""The columns of the order list: what there are, which are wanted, what they show.

On a phone an order is a card, whatever the columns are: the cells of the card that are no column
are drawn, too, and hidden where there is a table.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from flask_babel import lazy_gettext as _l
from sqlalchemy.orm import Session

from oms_web.domain.orders import row_facts
from oms_web.domain.shipping import queries as shipping
from oms_web.domain.users import views
from oms_web.domain.users.models import ListChoice, ListView


@dataclass(frozen=True, slots=True)
class Column:
    """A column. ``width`` in pixels, as the style sheet has it; ``card``: part of the card of a
    phone; ``usual``: there before anybody chose; ``facts``: what it asks for (``_FACTS``).
    """

    name: str
    label: Any
    width: int
    card: bool = False
    usual: bool = False
    num: bool = False
    facts: tuple[str, ...] = ()


COLUMNS: Mapping[str, Column] = {one.name: one for one in (
    Column("due", _l("Ship by"), 116, card=True, usual=True),
    Column("order", _l("Order"), 142, card=True, usual=True),
    Column("buyer", _l("Buyer"), 170, card=True, usual=True),
    Column("lines", _l("Lines"), 180, card=True, usual=True),
    Column("total", _l("Total"), 90, card=True, usual=True, num=True),
    Column("strip", _l("Payment, Stock, Documents, Label, Issue"), 120, card=True, usual=True),
    Column("status", _l("Status"), 116, usual=True),
    Column("courier", _l("Courier"), 92, card=True, usual=True),
    Column("tags", _l("Tags"), 84, usual=True),
    Column("warehouse", _l("Warehouse"), 120, facts=("warehouses", "sent")),
    Column("payment", _l("Payment method"), 130, facts=("plain",)),
    Column("weight", _l("Weight"), 84, num=True, facts=("plain", "sent", "goods")),
    Column("channel", _l("Channel"), 120),
    Column("channel_status", _l("Status on the channel"), 150, facts=("channel_statuses",)),
    Column("notes", _l("Notes"), 180, facts=("notes", "plain")),
    Column("placed", _l("Placed"), 104),
    Column("town", _l("Town"), 120),
    Column("delivery", _l("Delivery method"), 150, facts=("plain",)),
    Column("tracking", _l("Tracking number"), 170, facts=("sent",)),
    Column("units", _l("Units"), 64, num=True, facts=("plain",)),
)}
ALWAYS = "order"
"""The column that cannot be taken out: it leads to the card."""
USUAL = tuple(one.name for one in COLUMNS.values() if one.usual)
_TICK = 40
_STEP = 100
DENSITIES: Mapping[str, Any] = {
    "compact": _l("Compact"), "normal": _l("Normal"), "roomy": _l("Comfortable"),
}
# The classes of the style sheet for lists.
_HEIGHTS = {"compact": "compact", "roomy": "tall"}

_FACTS: Mapping[str, Callable[[Session, Sequence[int]], Mapping[int, Any]]] = {
    "plain": row_facts.plain, "warehouses": row_facts.warehouses, "sent": shipping.sent,
    "channel_statuses": row_facts.channel_statuses, "notes": row_facts.notes,
    "goods": row_facts.goods_weights,
}


@dataclass(frozen=True, slots=True)
class Drawn:
    """How a list is drawn. ``rest``: cells of the card that are no column."""

    columns: list[Column]
    rest: list[Column]
    density: str
    facts: dict[str, Mapping[int, Any]] = field(default_factory=dict)

    @property
    def cls(self) -> str:
        """Classes of the table: its height of rows, and how wide it must be at least."""
        wide = -(-(_TICK + sum(one.width for one in self.columns)) // _STEP)
        usual = "usual" if tuple(one.name for one in self.columns) == USUAL else f"wide-{wide}"
        return f"{usual} {_HEIGHTS.get(self.density, '')}".strip()


def known(names: Sequence[str]) -> list[str]:
    """Those of the names that are columns, each once, the one that is always there among them."""
    found = [name for name in dict.fromkeys(names) if name in COLUMNS]
    return found if ALWAYS in found else [ALWAYS, *found]


def chosen(choice: ListChoice, view: ListView | None) -> tuple[list[str], str]:
    """Columns and density of a list: the view's own, else the person's, else the usual ones."""
    names = (view.columns if view is not None else []) or choice.columns or USUAL
    density = (view.density if view is not None else "") or choice.density
    return known(names), density if density in views.DENSITIES else "normal"


def draw(session: Session, names: Sequence[str], density: str, ids: Sequence[int]) -> Drawn:
    """Everything that the columns need to be drawn for these orders, a statement for each kind."""
    columns = [COLUMNS[name] for name in names]
    asked = dict.fromkeys(fact for column in columns for fact in column.facts)
    facts = {fact: _FACTS[fact](session, ids) if ids else {} for fact in asked}
    return Drawn(columns, [one for one in COLUMNS.values() if one.card and one.name not in names],
                 density, facts)
