"""What the demo shop tells of before today: every kind of story once, and books that agree."""

from __future__ import annotations

from sqlalchemy import func, select

from oms_web import demo, demo_after
from oms_web.core.actor import SYSTEM
from oms_web.core.clock import local_day
from oms_web.domain.documents.models import Document
from oms_web.domain.orders.models import Order
from oms_web.domain.payments import earnings
from oms_web.domain.payments.models import Refund
from oms_web.domain.payments.requests import PaymentRequest
from oms_web.domain.returns.models import Return
from oms_web.domain.shipping import label_queries
from oms_web.domain.shipping.claim_models import CourierClaim
from oms_web.inspection import ledgers
from tests.conftest import TESTER


def test_the_demo_shop_has_every_kind_of_story_and_tells_it_once(oms):
    with oms.works.writing(SYSTEM) as work:
        demo._company(work)
        demo._warehouses(work)
        demo._opening_stock(work, demo._catalogue(work))
        demo._provider(work, oms.settings)
    for _ in range(2):
        demo_after.seed(oms.works)
    with oms.works.reading(TESTER) as work:
        session = work.session
        assert ledgers.check(session) == []
        assert session.scalar(select(func.count()).select_from(Order)) == len(demo_after.STORIES)
        kinds = session.execute(select(Document.kind, Document.currency)).all()
        assert {("invoice", "PLN"), ("invoice", "EUR"), ("correction", "PLN")} == set(kinds)
        cases = session.scalars(select(Return)).all()
        assert {one.kind for one in cases} == {"return", "exchange", "withdrawal", "complaint"}
        assert [one.due_at for one in cases if one.kind == "complaint"
                and local_day(one.due_at) == local_day(work.now)]
        assert [one.box for one in cases if one.order_id is None] == ["PX0042719955"]
        assert sorted(session.scalars(select(Refund.state))) == ["done", "planned"]
        assert session.scalar(select(PaymentRequest.state)) == "asked"
        assert sorted(session.scalars(select(CourierClaim.state))) == ["open", "sent"]
        sold = session.scalars(select(Order).where(Order.currency == "PLN")).all()
        earned = earnings.of(session, sold, label_queries.costs)
        [abroad] = session.scalars(select(Order).where(Order.currency == "EUR"))
        abroad_earned = earnings.of(session, [abroad], label_queries.costs)[abroad.id]
        assert abroad_earned.lacks == 1  # costs are in złoty
        assert all(one.fees["courier"] == 1190 and one.lacks == 0 for one in earned.values())
