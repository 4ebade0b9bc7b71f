""""Start my own shop": nothing of the demo stays, the person does, and the guards are back."""

from __future__ import annotations

import pytest
from sqlalchemy import func, select, text
from sqlalchemy.exc import DBAPIError

from oms_web.adapters.clearing import KEPT, clear
from oms_web.core.actor import SYSTEM
from oms_web.domain.audit import service as audit
from oms_web.domain.users import service as users
from oms_web.domain.users.models import User
from oms_web.models import metadata
from oms_web.sync.intake import store_page
from tests import factories as make


def test_everything_goes_but_the_person_and_the_guards(both):
    account, _ = make.shop(both.works, {"KUB": 5})
    with both.works.writing(SYSTEM) as work:
        store_page(work, account, [make.order("A1", {"KUB": 1})])
        owner = users.create_user(work, "owner@example.test", "O", "owner", "correct horse").id
        users.create_user(work, "ola@example.test", "Ola", "sales", "correct horse")
    with both.works.writing(SYSTEM) as work:
        clear(work, metadata, owner)
    with both.works.reading(SYSTEM) as work:
        left = {
            table.name: work.session.scalar(select(func.count()).select_from(table))
            for table in metadata.sorted_tables if table.name not in KEPT
        }
        assert {name: n for name, n in left.items() if n} == {"location": 5}
        assert work.session.scalars(select(User.email)).all() == ["owner@example.test"]
    with both.works.writing(SYSTEM) as work:
        audit.record(work, "test", "test", None)
    with pytest.raises(DBAPIError, match="append-only"), both.works.writing(SYSTEM) as work:
        work.session.execute(text("DELETE FROM audit_entry"))
