"""A shop of one's own, ready for its first order: company, statuses, a warehouse with two bins."""

from __future__ import annotations

from sqlalchemy import select

from oms_web.core.work import Work
from oms_web.domain.company import service as company
from oms_web.domain.orders import labels
from oms_web.domain.orders.models import Status
from oms_web.domain.stock import warehouses
from oms_web.domain.stock.models import Warehouse

# One status per phase, so that orders and their lists work from the first minute.
COLORS = {"draft": "#64748B", "open": "#1F8A84", "packing": "#B97A1B", "shipped": "#3B7BD4",
          "done": "#17693F", "cancelled": "#9A3B32"}
STATUSES = {
    "pl": {"draft": "Szkic", "open": "Nowe", "packing": "W pakowaniu", "shipped": "Wysłane",
           "done": "Doręczone", "cancelled": "Anulowane"},
    "en": {"draft": "Draft", "open": "New", "packing": "Packing", "shipped": "Shipped",
           "done": "Delivered", "cancelled": "Cancelled"},
}
NAMES = {"pl": ("Mój sklep", "Magazyn", "ZWROTY"), "en": ("My shop", "Warehouse", "RETURNS")}


def open_shop(work: Work, language: str) -> None:
    """Set up what every shop needs; what is there already stays as it is.

    Args:
        language: ``pl`` or ``en``: what the first statuses and bins are called.
    """
    language = language if language in NAMES else "en"
    name, warehouse, returns = NAMES[language]
    company.set_up(work, name, language=language)
    if work.session.scalar(select(Status.id).limit(1)) is None:
        for phase, label in STATUSES[language].items():
            labels.create_status(work, {"name": label, "phase": phase, "color": COLORS[phase]})
    if work.session.scalar(select(Warehouse.id).limit(1)) is None:
        made = warehouses.add_warehouse(
            work, warehouses.WarehouseEdit("MAG", warehouse, 0, {"country": "PL"})
        )
        warehouses.add_bins(work, made, [returns], sellable=False)
