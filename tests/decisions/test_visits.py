"""When a courier is proposed to come."""

from __future__ import annotations

from datetime import datetime

import pytest

from oms_web.core.clock import SHOP_ZONE
from oms_web.domain.shipping.visits import window


@pytest.mark.parametrize(("now", "expected"), [
    ("2026-11-27 08:00", "2026-11-27 14-17"), ("2026-11-27 14:00", "2026-11-27 14-17"),
    ("2026-11-27 14:20", "2026-11-27 15-17"), ("2026-11-27 16:00", "2026-11-27 16-17"),
    ("2026-11-27 16:01", "2026-11-30 14-17"), ("2026-11-29 10:00", "2026-11-30 14-17"),
    ("2026-11-26 23:07", "2026-11-27 14-17"), ("2026-11-10 23:07", "2026-11-12 14-17"),
])
def test_this_afternoon_or_the_next_working_day(now, expected):
    day, begins, ends = window(datetime.fromisoformat(now).replace(tzinfo=SHOP_ZONE))
    assert f"{day} {begins:%H}-{ends:%H}" == expected
