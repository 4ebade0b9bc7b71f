"""The one company an installation belongs to."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import CheckConstraint, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from oms_web.core.columns import Currency, Key
from oms_web.core.db import Base

RECALL_SECONDS = 10
"""Long enough to read what happened and to press a key; nobody notices so short a wait, not even a
packer who hands over a hundred parcels."""


class Company(Base):
    """Exactly one row (id 1). ``address`` has street, postcode, city, country.

    ``exempt_basis`` is the provision printed on invoices with exempt ("zw") lines; ``eu_vat``:
    registered for trade within the Union (VAT-UE); ``oss``: joined the one-stop shop.
    ``invoice_data``: whose invoices carry their data in the PDF (``service.INVOICE_DATA``).
    ``slip_prices`` says whether packing slips show prices. ``recall_seconds``: how long what
    channels are to be told of orders waits, so that it can be recalled; 0: not at all. The floor:
    ``cart_slots`` orders fit on a picking cart; with ``weighs`` a parcel closes only after it was
    weighed, against its goods and ``packaging_g``, give or take the larger of ``tolerance_g`` and
    ``tolerance_pct`` percent; photos of parcels are kept for ``photo_days``.
    """

    __tablename__ = "company"

    id: Mapped[Key]
    name: Mapped[str] = mapped_column(String(120))
    legal_name: Mapped[str] = mapped_column(String(200), default="")
    tax_id: Mapped[str] = mapped_column(String(20), default="")
    address: Mapped[dict[str, Any]]
    email: Mapped[str] = mapped_column(String(200), default="")
    phone: Mapped[str] = mapped_column(String(40), default="")
    website: Mapped[str] = mapped_column(String(200), default="")
    bank_account: Mapped[str] = mapped_column(String(40), default="")
    bank_name: Mapped[str] = mapped_column(String(120), default="")
    currency: Mapped[Currency] = mapped_column(default="PLN")
    language: Mapped[str] = mapped_column(String(5), default="pl")
    is_demo: Mapped[bool] = mapped_column(default=False)
    guide_done: Mapped[bool] = mapped_column(default=False)
    created_at: Mapped[datetime]
    logo_file: Mapped[str | None] = mapped_column(String(80))
    accent: Mapped[str] = mapped_column(String(7), default="#3350D4")
    footer_pl: Mapped[str] = mapped_column(Text, default="")
    footer_en: Mapped[str] = mapped_column(Text, default="")
    exempt_basis: Mapped[str] = mapped_column(String(200), default="")
    eu_vat: Mapped[bool] = mapped_column(default=False)
    oss: Mapped[bool] = mapped_column(default=False)
    invoice_data: Mapped[str] = mapped_column(String(9), default="off")
    slip_prices: Mapped[bool] = mapped_column(default=False)
    payment_hours: Mapped[int] = mapped_column(default=72)
    cut_off: Mapped[str] = mapped_column(String(5), default="15:00")
    recall_seconds: Mapped[int] = mapped_column(default=RECALL_SECONDS)
    cart_slots: Mapped[int] = mapped_column(default=12)
    weighs: Mapped[bool] = mapped_column(default=False)
    packaging_g: Mapped[int] = mapped_column(default=120)
    tolerance_g: Mapped[int] = mapped_column(default=30)
    tolerance_pct: Mapped[int] = mapped_column(default=5)
    photo_days: Mapped[int] = mapped_column(default=60)

    __table_args__ = (CheckConstraint("id = 1", name="only_one"),)
