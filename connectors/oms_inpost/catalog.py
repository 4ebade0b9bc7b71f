"""The services that can be booked with ShipX, and how large a parcel of each may be.

Source: "Shipment sizes and services" and "Form validation" of the ShipX documentation.
"""

from __future__ import annotations

from collections.abc import Mapping

from oms_connector import CarrierService, Package, ParcelSize

SIZES = (
    ParcelSize("small", 640, 380, 80, 25_000),
    ParcelSize("medium", 640, 380, 190, 25_000),
    ParcelSize("large", 640, 380, 410, 25_000),
)
XLARGE = ParcelSize("xlarge", 800, 500, 500, 25_000)

SERVICES: Mapping[str, CarrierService] = {service.ref: service for service in (
    CarrierService("inpost_locker_standard", "InPost Paczkomat", needs_point=True, cod=True,
                   heaviest_g=25_000, sizes=SIZES),
    CarrierService("inpost_courier_standard", "InPost Kurier", cod=True, most_parcels=99,
                   heaviest_g=50_000),
    CarrierService("inpost_courier_c2c", "InPost Kurier C2C", cod=True, heaviest_g=25_000,
                   sizes=(*SIZES, XLARGE)),
    CarrierService("inpost_courier_express_1000", "InPost Kurier do 10:00", cod=True,
                   most_parcels=99, heaviest_g=50_000),
    CarrierService("inpost_courier_express_1200", "InPost Kurier do 12:00", cod=True,
                   most_parcels=99, heaviest_g=50_000),
    CarrierService("inpost_courier_express_1700", "InPost Kurier do 17:00", cod=True,
                   most_parcels=99, heaviest_g=50_000),
)}

INSURED_WITH_COD = frozenset(ref for ref in SERVICES
                             if ref.startswith("inpost_courier") and not ref.endswith("c2c"))
"""Services whose cash on delivery has to be insured."""

SENDING = ("dispatch_order", "parcel_locker", "pop", "any_point", "branch")
"""How parcels get to InPost: a courier fetches them; a locker, a point, either; a branch."""


def size_for(service: CarrierService, package: Package) -> ParcelSize | None:
    """The size a package is sent in: the one it names, or the smallest that it fits into."""
    if package.size:
        return next((size for size in service.sizes if size.ref == package.size), None)
    sides = sorted((package.length_mm, package.width_mm, package.height_mm))
    if sides[0] <= 0:
        return None
    return next((size for size in service.sizes if all(
        side <= most for side, most in zip(
            sides, sorted((size.length_mm, size.width_mm, size.height_mm)), strict=True))), None)
