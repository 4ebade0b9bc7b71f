"""SMS to buyers: plain, followed, and asked again by their key."""

from __future__ import annotations

import pytest
from oms_connector import ChannelDown, Connector, Manifest, OutcomeUnknown, Refused, SmsReport

from oms_web.core.actor import SYSTEM
from oms_web.domain.messages import queries, service
from oms_web.sync.registry import Registry
from tests import factories as make


class Gateway(Connector):
    """A gateway in memory. ``says``: what it raises next."""

    manifest = Manifest(key="gateway", name="Gateway", letters="Ga", version="1.0")
    sent: list = []
    says: list = []
    reports: dict = {}

    def send_sms(self, sms):
        if sms.key not in [one.key for one in self.sent]:
            self.sent.append(sms)
        if self.says and (error := self.says.pop(0)):
            raise error
        return f"ref-{sms.key}"

    def sms_reports(self, refs):
        return [SmsReport(ref, self.reports[ref]) if ref in self.reports else None for ref in refs]


@pytest.fixture
def phone(post):
    """The post with a gateway."""
    Gateway.sent, Gateway.says, Gateway.reports = [], [], {}
    post.oms.__dict__["registry"] = Registry({"gateway": Gateway})
    post.works.ports["children"] = None
    with post.works.writing(SYSTEM) as work:
        make.account(work, "Bramka", connector="gateway")
    return post


def test_an_sms_goes_out_plain_is_followed_and_a_lost_answer_is_asked_again_by_its_key(phone):
    Gateway.says = [OutcomeUnknown("gone"), ChannelDown("no points")]
    first = phone.write(phone.fresh(), phone.sms)
    phone.send()
    assert phone.states() == ["waiting"]
    second = phone.write(phone.fresh(), phone.sms)
    phone.clock.forward(seconds=40)
    phone.send()
    phone.clock.forward(minutes=5)
    phone.send()
    assert phone.states() == ["sent", "sent"]
    assert [one.to for one in Gateway.sent] == ["+48600100200"] * 2
    assert Gateway.sent[0].text.endswith("juz jedzie")
    Gateway.reports = {f"ref-message:{first}:1": "delivered",
                       f"ref-message:{second}:1": "undelivered"}
    phone.clock.forward(minutes=2)
    phone.send()
    assert phone.states() == ["delivered", "failed"]
    # It is known that it did not arrive: sent anew, it is another SMS.
    phone.do(service.again, second)
    phone.send()
    assert [one.key for one in Gateway.sent][-1] == f"message:{second}:2"


def test_a_doubt_outlives_the_gateways_memory_and_becomes_a_persons(phone):
    Gateway.says = [OutcomeUnknown("gone")] * 9
    phone.write(phone.fresh(), phone.sms)
    phone.send()
    phone.clock.forward(hours=24)
    phone.send()
    assert phone.states() == ["unknown"]
    assert len(Gateway.sent) == 1


def test_a_refused_sms_fails_and_without_a_gateway_it_waits(phone):
    Gateway.says = [Refused("no phone", "13", "to")]
    phone.write(phone.fresh(), phone.sms)
    phone.send()
    assert phone.states() == ["failed"]
    phone.oms.__dict__["registry"] = Registry()
    phone.write(phone.fresh(), phone.sms)
    phone.send()
    assert phone.states() == ["failed", "waiting"]
    with phone.works.reading(SYSTEM) as work:
        assert queries.count_wrong(work.session) == 1


# The buyer's page --------------------------------------------------------------------------------
