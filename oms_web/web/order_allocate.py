"""An order, or one line of it, is sent from another warehouse."""

from __future__ import annotations

from flask import Blueprint, Response, request, url_for
from flask_babel import gettext

from oms_web.core.errors import Invalid
from oms_web.flows import order_allocate
from oms_web.web import asked
from oms_web.web.access import act
from oms_web.web.door import writing
from oms_web.web.render import go
from oms_web.web.toasts import say

screen = Blueprint("order_allocate", __name__)


@screen.post("/orders/<int:order_id>/allocate")
@act("orders.edit")
def whole(order_id: int) -> Response:
    """All of the order comes from the warehouse that was chosen."""
    return _move(order_id, ())


@screen.post("/orders/<int:order_id>/lines/<int:line_id>/allocate")
@act("orders.edit")
def line(order_id: int, line_id: int) -> Response:
    """One line of it does."""
    return _move(order_id, (line_id,))


def _move(order_id: int, line_ids: tuple[int, ...]) -> Response:
    house = asked.whole(request.form.get("warehouse"), "warehouse")
    if house is None:
        raise Invalid("Choose a warehouse.", "warehouse")
    with writing() as work:
        moved = order_allocate.allocate(work, order_id, house, line_ids)
    say(gettext("The goods are reserved there now.") if moved is not None
        else gettext("They were reserved there already."))
    return go(url_for("order_card.show", order_id=order_id))
