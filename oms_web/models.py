"""Every table, imported in one place: for migrations, tests and ``oms doctor``."""

from oms_web.core import claims, events
from oms_web.core.db import Base
from oms_web.domain.accounting import models as accounting
from oms_web.domain.audit import models as audit
from oms_web.domain.automation import models as automation
from oms_web.domain.catalog import models as catalog
from oms_web.domain.channels import models as channels
from oms_web.domain.company import models as company
from oms_web.domain.documents import models as documents
from oms_web.domain.einvoices import models as einvoices
from oms_web.domain.fulfilment import models as fulfilment
from oms_web.domain.messages import models as messages
from oms_web.domain.orders import begun, outgoing
from oms_web.domain.orders import models as orders
from oms_web.domain.orders.verification import models as verification
from oms_web.domain.payments import fee_claims, fees
from oms_web.domain.payments import models as payments
from oms_web.domain.payments import requests as payment_requests
from oms_web.domain.payments.bank import models as bank
from oms_web.domain.payments.courier import models as courier
from oms_web.domain.payments.settling import models as settling
from oms_web.domain.printers import models as printers
from oms_web.domain.returns import models as returns
from oms_web.domain.shipping import claim_models as courier_claims
from oms_web.domain.shipping import label_models as labels
from oms_web.domain.shipping import models as shipping
from oms_web.domain.stock import models as stock
from oms_web.domain.till import models as till
from oms_web.domain.users import models as users
from oms_web.domain.webhooks import models as webhooks
from oms_web.sync import models as sync

__all__ = [
    "Base",
    "accounting",
    "audit",
    "automation",
    "bank",
    "begun",
    "catalog",
    "channels",
    "claims",
    "company",
    "courier",
    "courier_claims",
    "documents",
    "einvoices",
    "events",
    "fee_claims",
    "fees",
    "fulfilment",
    "labels",
    "messages",
    "orders",
    "outgoing",
    "payment_requests",
    "payments",
    "printers",
    "returns",
    "settling",
    "shipping",
    "stock",
    "sync",
    "till",
    "users",
    "verification",
    "webhooks",
]

metadata = Base.metadata
