"""The connector to SMSAPI keeps every promise that is for a gateway, and says errors in words."""

from __future__ import annotations

from datetime import timedelta

import pytest
from oms_connector import AccessRefused, ChannelDown, OutcomeUnknown, RateLimited, Refused, Sms
from oms_connector.testing import ConnectorKit
from oms_connector.testing.bench import open_bench
from oms_smsapi import calls, words

from tests.contract.smsapi_standin import Smsapi

TOLD = Sms("message:7", "+48600700800", "Paczka jedzie")


class TestSmsapiByTheKit(ConnectorKit):
    """All checks of the kit."""

    standin = Smsapi


@pytest.mark.parametrize(("code", "error", "says"), [
    ("101", AccessRefused, words.REFUSED_TOKEN), ("14", AccessRefused, words.WRONG_SENDER),
    ("103", ChannelDown, words.NO_POINTS), ("203", RateLimited, words.SLOW),
    ("201", OutcomeUnknown, words.BROKEN % {"code": "201"}), ("57", Refused, words.BLACKLISTED),
    ("4711", Refused, words.CODE % {"code": "4711"}),
])
def test_an_error_is_sorted_by_what_can_be_done_about_it(code, error, says):
    found = calls.refusal(code)
    assert type(found) is error
    assert str(found) == says


def test_no_points_is_no_refusal_and_the_key_lasts_a_day():
    with open_bench(Smsapi) as bench:
        bench.standin.points = 0
        with pytest.raises(ChannelDown, match="top it up"):
            bench.call(lambda c: c.send_sms(TOLD))
        bench.standin.points = 5
        assert bench.call(lambda c: c.send_sms(TOLD))
        assert bench.call(lambda c: c.send_sms(TOLD)) == ""
        bench.clock.forward(timedelta(hours=25).total_seconds())
        assert bench.call(lambda c: c.send_sms(TOLD))
        assert bench.standin.texts(TOLD.to) == [TOLD.text] * 2
