"""A shop with a mail server that writes to its buyers."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import select

from oms_web.core.actor import SYSTEM
from oms_web.domain.messages import settings, templates
from oms_web.domain.messages.models import Message
from oms_web.flows import (
    order_message,
)
from oms_web.jobs import rings
from oms_web.jobs.worker import drain
from oms_web.sync.registry import Registry
from tests.automation.rule_desk import ANNA, Clock, Desk
from tests.sync.mail_server import mail_server

MAIL = {"name": "Wysłane", "kind": "email", "subject_pl": "Zamówienie {{order.number}}",
        "text_pl": "Cześć {{buyer.first_name}}!\n.kropka\nŚledź: {{tracking.url}}\n{{order.link}}",
        "subject_en": "Order {{order.number}}", "text_en": "Hello {{buyer.first_name}}"}
TEXT = {"name": "SMS", "kind": "sms", "text_pl": "Paczka {{order.number}} już jedzie",
        "plain": True}
PUBLIC = "https://sklep.example"
SERVER = {"host": "127.0.0.1", "security": "none", "username": "sklep", "password": "tajne",
          "from_name": "Sklep Żółw", "from_address": "my@sklep.example", "reply_to": "",
          "public_url": PUBLIC, "page_days": 30}


class Post(Desk):
    """A shop with a mail server that writes to its buyers."""

    def __init__(self, oms, monkeypatch, server):
        super().__init__(oms)
        self.clock = Clock(monkeypatch, self.works)
        self.server = server
        oms.__dict__["registry"] = Registry()
        with self.works.writing(ANNA) as work:
            settings.change(work, SERVER | {"port": server.port})
            self.mail = templates.create(work, MAIL).id
            self.sms = templates.create(work, TEXT).id

    def set(self, security, tls):
        """Another way to encrypt; the server's own certificate for ``tls``."""
        self.server.encrypt(tls)
        with self.works.writing(ANNA) as work:
            settings.change(work, SERVER | {"port": self.server.port, "security": security,
                                            "host": "localhost"})

    def fresh(self, **values):
        """An order placed a moment ago."""
        return self.order(placed_at=self.works.clock() - timedelta(minutes=5), **values)

    def write(self, order_id, template_id=None, occasion="", actor=ANNA):
        with self.works.writing(actor) as work:
            work.occasion = occasion
            return order_message.write(work, order_id, template_id or self.mail)

    def send(self):
        rings.ring_messages(self.oms)
        drain(self.oms)

    def rows(self):
        with self.works.reading(SYSTEM) as work:
            return list(work.session.scalars(select(Message).order_by(Message.id)))

    def states(self):
        return [row.state for row in self.rows()]

    def do(self, act, *args):
        with self.works.writing(ANNA) as work:
            return act(work, *args)


@pytest.fixture
def server():
    with mail_server() as one:
        yield one


@pytest.fixture
def post(oms, monkeypatch, server):
    return Post(oms, monkeypatch, server)


# E-mail ------------------------------------------------------------------------------------------
