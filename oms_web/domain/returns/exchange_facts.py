"""What an exchange looks up: what its goods are worth, how it stands, what products cost in it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import NotNullable, select
from sqlalchemy.orm import Session

from oms_web.core.money import exponent, from_minor, to_micro
from oms_web.core.text import tidy, words
from oms_web.domain.catalog import queries as catalog
from oms_web.domain.catalog.models import Variant
from oms_web.domain.channels.models import Listing
from oms_web.domain.orders import lineage, phases, queries, refunding
from oms_web.domain.orders import service as orders
from oms_web.domain.orders.models import Hold, Order
from oms_web.domain.payments import refund_states, refunds
from oms_web.domain.payments.models import Refund
from oms_web.domain.returns import (
    intake,
    kinds,
    money,
    refund_plan,
    service,
    statements,
    tracks,
)
from oms_web.domain.returns.exchange import KEY, Standing
from oms_web.domain.returns.models import Return, Statement
from oms_web.domain.returns.refund_plan import Plan, Wish

LEFT = (phases.SHIPPED, phases.DONE)
MOST_CHOICES = 50


def is_carried(refund: Refund) -> bool:
    """Whether a refund is the credit that an exchange carried over: no money went back by it."""
    return refund.method == refund_states.CREDIT and refund.key.startswith(KEY)


def made_by(session: Session, case_id: int) -> list[Refund]:
    """The refunds that the exchange of a case made and that stand: the credit, and the rest."""
    return [one for one in refunds.of_case(session, case_id)
            if one.key.startswith(KEY) and one.state != refund_states.REFUSED]


def worth(session: Session, order: Order, case_id: int, wear: Mapping[int, int] | None = None
          ) -> Plan:
    """What a refund of the units of a case would be, as far as nothing went back for them yet: once
    something of it was judged, of what was judged, else of all of its lines.

    Args:
        wear: what is taken off for use, order line -> minor units.

    Raises:
        Invalid: the order's discount is larger than everything it can lower; at ``wear``: more is
            taken off than the goods cost.
    """
    sold, paid = money.facts(session, order)
    left = {line.line_id: line.units - line.gone for line in sold}
    units: Counter[int] = Counter()
    judged = intake.judged(session, case_id)
    for line in service.lines_of(session, case_id):
        if line.order_line_id in left:
            some = judged.get(line.id, 0) if judged else line.quantity
            units[line.order_line_id] = min(left[line.order_line_id],
                                            units[line.order_line_id] + some)
    return refund_plan.plan(sold, paid, Wish(units, wear or {}), lawful=False)


def standing(session: Session, case: Return) -> Standing | None:
    """How the exchange of a case stands; None as long as there is no new order."""
    if case.exchange_order_id is None:
        return None
    new = orders.get_order(session, case.exchange_order_id)
    mine = made_by(session, case.id)
    carried = sum(one.amount for one in mine
                  if is_carried(one) and one.state == refund_states.DONE)
    rest = [one for one in mine if not is_carried(one)]
    family = [one for one in lineage.purchase(session, new) if one.phase != phases.CANCELLED]
    due = max(0, lineage.due(session, new)) if family else 0
    costs = sum(one.total for one in family)
    paid = sum(one.paid_total + one.refunded_total for one in lineage.purchase(session, new))
    return Standing(
        new.id, costs, carried, sum(one.amount for one in rest),
        max(0, paid - carried), due, due > 0 and new.payment_state in ("unpaid", "part"),
        any(one.phase in LEFT for one in family), not family, bool(holds(session, new)),
        sum(one.amount for one in rest if one.state == refund_states.DONE),
        -sum(item["amount"] for one in mine for item in one.plan
             if item["kind"] == refund_plan.WEAR))


def holds(session: Session, new: Order) -> list[Hold]:
    """What keeps a new order, or a part that was split off it, from going out."""
    return [hold for one in lineage.purchase(session, new) if one.phase in phases.HERE
            for hold in queries.open_holds(session, one.id)]


def of_new_order(session: Session, order_id: int) -> Return | None:
    """The case whose exchange made an order."""
    return session.scalar(select(Return).where(Return.exchange_order_id == order_id))


def withdrew(session: Session, case: Return) -> Statement | None:
    """The buyer's withdrawal from what an exchange holds, declared once its new order was made;
    None without, where the exchange is over, and where that became a case of its own.
    """
    if case.kind != kinds.EXCHANGE or case.phase in tracks.ENDED:
        return None
    said = {own_key(one): one for one in statements.of_case(session, case.id)
            if one.kind == kinds.WITHDRAWAL}
    gone = set(session.scalars(select(Return.form_key).where(Return.form_key.in_(list(said)))))
    return next((one for key, one in said.items() if key not in gone), None)


def own_key(said: Statement) -> str:
    """The form key of the case that a statement about some of an exchange has of its own."""
    return f"withdrawn:{said.id}"


def paid_in_vain(session: Session, case: Return) -> list[Order]:
    """The new orders of a case that were called off and have money which has to go back: what was
    paid for them by a link that was sent before, or by transfer.
    """
    ids = {int(one.key.split(":")[2]) for one in refunds.of_case(session, case.id)
           if one.key.startswith(KEY)}
    return list(session.scalars(
        select(Order).where(Order.id.in_(ids), refunding.due()).order_by(Order.id))) if ids else []


# What it costs ----------------------------------------------------------------------------------


def prices(session: Session, order: Order, plan: Plan, variant_ids: Collection[int]
           ) -> dict[int, int]:
    """The price of one of each variant in an exchange, millionths of the order's currency.

    Another size of what comes back costs what was paid for that, unless it has another price in
    the catalogue; any other product what it costs on the order's channel, else in the catalogue. A
    variant without a price is left out.
    """
    rows = session.execute(select(Variant.id, Variant.product_id, Variant.price, Variant.currency)
                           .where(Variant.id.in_(list(variant_ids)))).all()
    same = _paid_for(session, order, plan)
    found = {id_: from_minor(price, currency) for id_, _, price, currency in rows
             if price is not None and currency == order.currency}
    if order.account_id is not None:
        found |= {id_: from_minor(price, order.currency) for id_, price in session.execute(
            select(NotNullable(Listing.variant_id), NotNullable(Listing.price))
            .where(Listing.account_id == order.account_id, Listing.state == "active",
                   Listing.variant_id.in_(list(variant_ids)), Listing.price.is_not(None),
                   Listing.currency == order.currency).order_by(Listing.id.desc()))}
    micro = {id_: to_micro(price) for id_, price in found.items()}
    return micro | {id_: one.paid for id_, product, price, _ in rows for one in same
                    if one.id == id_ or (one.product == product and price in (None, one.price))}


@dataclass(frozen=True, slots=True)
class _Paid:
    """A variant that comes back; ``paid`` for one of it in millionths, and its catalogue price."""

    id: int
    product: int
    price: int | None
    paid: int


def _paid_for(session: Session, order: Order, plan: Plan) -> list[_Paid]:
    """What was paid for one of each variant that comes back."""
    items = {item.line_id: item for item in plan.items if item.units}
    lines = [line for line in orders.order_lines(session, order.id) if line.id in items]
    known = {one.id: one for one in session.scalars(select(Variant).where(
        Variant.id.in_([line.variant_id for line in lines if line.variant_id])))}
    scale = 10 ** (6 - exponent(order.currency))
    return [_Paid(one.id, one.product_id, one.price,
                  (2 * items[line.id].amount * scale + items[line.id].units)
                  // (2 * items[line.id].units))
            for line in lines if (one := known.get(line.variant_id or 0)) is not None]


# What the buyer wants ---------------------------------------------------------------------------


def siblings(session: Session, variant_ids: Collection[int]) -> Sequence[Variant]:
    """What is sold of the same products: other sizes and colours, and the same again."""
    products = select(Variant.product_id).where(Variant.id.in_(list(variant_ids)))
    return session.scalars(
        select(Variant).where(Variant.product_id.in_(products), Variant.archived_at.is_(None))
        .order_by(Variant.title, Variant.id).limit(MOST_CHOICES)).all()


def meant(session: Session, case: Return) -> int | None:
    """The variant that the buyer's own words about what they want instead name, if just one fits.

    A code, words that one other size or colour of what comes back has, or that only one product
    has.
    """
    said = tidy(case.instead)
    if not said:
        return None
    exact = catalog.scanned(session, said)
    if exact is not None:
        return None if exact.archived else exact.id
    known = [line.variant_id for line in service.lines_of(session, case.id) if line.variant_id]
    wanted = set(words(said))
    mine = [one for one in siblings(session, known)
            if one.id not in known and wanted <= set(words(f"{one.title} {one.option}"))]
    if len(mine) == 1:
        return mine[0].id
    found = catalog.suggest(session, said, 2)
    return found[0].id if len(found) == 1 else None


def units(session: Session, case: Return, variant_id: int) -> int:
    """How many are usually exchanged: as many as come back of the same product, else one."""
    lines = [line for line in service.lines_of(session, case.id) if line.variant_id]
    kin = dict(session.execute(
        select(Variant.id, Variant.product_id)
        .where(Variant.id.in_([variant_id, *(line.variant_id for line in lines)]))).all())
    return sum(line.quantity for line in lines
               if kin.get(line.variant_id or 0) == kin.get(variant_id)) or 1


def is_here(case: Return) -> bool:
    """Whether nothing is waited for: all that was to come was judged, or nothing was."""
    return case.goods in (tracks.JUDGED, tracks.GOODS_NONE)
