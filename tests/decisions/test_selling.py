"""Filters by channel offer places where we sell, and no carriers, gateways or payment providers."""

from __future__ import annotations

import pytest
from oms_allegro import AllegroConnector
from oms_demo import DemoConnector, GolabConnector
from oms_payu import PayuConnector
from oms_smsapi import SmsapiConnector

from oms_web.sync.registry import is_shop


@pytest.mark.parametrize(("connector", "shop"), [
    (DemoConnector, True), (AllegroConnector, True), (GolabConnector, False),
    (PayuConnector, False), (SmsapiConnector, False), (None, True),
])
def test_orders_come_from_shops_alone(connector, shop):
    assert is_shop(connector) is shop
