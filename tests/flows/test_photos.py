"""Photos of what came back, and files that more than one picture needs."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import select

from oms_web.core.errors import NotFound
from oms_web.core.work import Works
from oms_web.domain.catalog.models import Product, ProductImage
from oms_web.domain.returns.models import ReturnPhoto
from oms_web.domain.returns.service import Opening
from oms_web.domain.shipping.models import ParcelPhoto, Shipment
from oms_web.flows import forget_photos, return_bench, return_case
from tests.after_sale import AfterSale
from tests.conftest import TESTER


@pytest.fixture
def shop(both):
    return AfterSale(both)


def opened(shop):
    case, _ = shop.do(return_case.open_for, shop.order_id, Opening(
        "return", lines={shop.lines()["CUP"]: 1}, reason_code="defect"))
    return case.id


def kept(shop, text=b"photo"):
    return shop.works.ports["files"].put(text, ".webp")


def later(shop):
    return Works(shop.works.engine, lambda: shop.works.clock() + timedelta(days=90),
                 shop.works.ports)


def of_parcel(work, name):
    """The same picture, taken of the parcel that left."""
    work.session.add(ParcelPhoto(shipment_id=work.session.scalars(select(Shipment.id)).first(),
                                 file=name, thumb=name, at=work.now, actor="Kuba"))


def of_product(work, name):
    work.session.add(ProductImage(product_id=work.session.scalars(select(Product.id)).first(),
                                  position=9, file=name, thumb=name, width=1, height=1))


def test_old_photos_of_closed_cases_are_forgotten_and_open_ones_stay(shop):
    for n in range(2):
        case_id, name = opened(shop), kept(shop, f"photo {n}".encode())
        shop.do(return_bench.add_photo, case_id, name, name)
        assert not shop.do(return_bench.add_photo, case_id, name, name)
    shop.do(return_case.decide, case_id, "call_off", "dwa razy", by="mistake")
    assert forget_photos.forget_old(shop.works) == 0
    assert forget_photos.forget_old(later(shop)) == 1
    with shop.works.reading(TESTER) as work:
        assert work.session.scalars(select(ReturnPhoto.return_id)).all() == [1]
    with pytest.raises(NotFound):
        shop.works.ports["files"].path(name)


def test_a_picture_of_a_parcel_and_of_a_case_keeps_its_file_until_both_are_forgotten(shop):
    case_id, name = opened(shop), kept(shop)
    shop.do(return_bench.add_photo, case_id, name, name)
    shop.do(of_parcel, name)
    assert forget_photos.forget_old(later(shop)) == 1  # the parcel's: the case is open
    assert shop.works.ports["files"].path(name).read_bytes() == b"photo"
    shop.do(return_case.decide, case_id, "call_off", "dwa razy", by="mistake")
    assert forget_photos.forget_old(later(shop)) == 1
    with pytest.raises(NotFound):
        shop.works.ports["files"].path(name)


@pytest.mark.parametrize("other", [of_parcel, of_product])
def test_a_photo_that_is_taken_off_leaves_the_file_to_other_pictures(shop, other):
    case_id, names = opened(shop), [kept(shop), kept(shop, b"another")]
    for name in names:
        shop.do(return_bench.add_photo, case_id, name, name)
    shop.do(other, names[0])
    with shop.works.reading(TESTER) as work:
        ids = work.session.scalars(select(ReturnPhoto.id).order_by(ReturnPhoto.id)).all()
    assert [shop.do(return_bench.remove_photo, case_id, one) for one in ids] == [set(), {names[1]}]
