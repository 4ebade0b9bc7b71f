"""A provider's connector hears its notices in a process of its own too, certificates and all."""

from __future__ import annotations

import dataclasses

import pytest
from oms_connector import WebhookRefused
from oms_connector.testing.bench import open_bench

from oms_web.core.actor import SYSTEM
from oms_web.sync import accounts, doorbell
from oms_web.sync.isolation.children import Children, can_isolate
from oms_web.sync.registry import load_registry
from tests import factories as make
from tests.contract.tpay_standin import Tpay
from tests.sync.channel import engine
from tests.sync.isolated import LIMITS


def test_a_signed_notice_is_heard_and_a_changed_one_refused(oms):
    oms.__dict__["registry"] = load_registry()
    oms.works.ports["children"] = Children(dataclasses.replace(LIMITS, seconds=30.0))
    with open_bench(Tpay) as bench, oms.works.writing(SYSTEM) as work:
        [ref] = bench.standin.place(None)
        told, secrets = bench.standin.ring(ref), bench.standin.secrets
        account = make.account(work, "Tpay", connector="tpay", settings=bench.standin.settings)
        accounts.set_secrets(work, account, dict(secrets))
        number = account.id
    assert can_isolate(oms.registry.connectors["tpay"])
    headers = {name.lower(): value for name, value in told.headers.items()}
    try:
        assert doorbell.hear(engine(oms), number, told.body, headers) == "TRUE"
        with pytest.raises(WebhookRefused):
            doorbell.hear(engine(oms), number, told.body + b"x", headers)
    finally:
        oms.works.ports["children"].close()
