"""Every table, imported in one place: for migrations, tests and ``oms doctor``."""

from oms_web.core import claims, events
from oms_web.core.db import Base
from oms_web.domain.audit import models as audit
from oms_web.domain.automation import models as automation
from oms_web.domain.catalog import models as catalog
from oms_web.domain.channels import models as channels
from oms_web.domain.company import models as company
from oms_web.domain.documents import models as documents
from oms_web.domain.fulfilment import models as fulfilment
from oms_web.domain.orders import models as orders
from oms_web.domain.orders import outgoing
from oms_web.domain.payments import models as payments
from oms_web.domain.returns import models as returns
from oms_web.domain.shipping import models as shipping
from oms_web.domain.stock import models as stock
from oms_web.domain.users import models as users
from oms_web.domain.webhooks import models as webhooks
from oms_web.sync import models as sync

__all__ = [
    "Base", "audit", "automation", "catalog", "channels", "claims", "company", "documents",
    "events", "fulfilment", "orders", "outgoing", "payments", "returns", "shipping", "stock",
    "sync", "users", "webhooks",
]

metadata = Base.metadata
