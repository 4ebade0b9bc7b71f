"""The demo shop and its marketplace together: what one does, the other sees."""

from __future__ import annotations

from dataclasses import replace
from functools import partial

import httpx2
import pytest
from click.testing import CliRunner
from oms_connector import AccessRefused, ChannelDown
from oms_demo import catalog
from oms_demo.market import bustle, courier, ringing, rings
from oms_demo.market.purse import signing_key
from sqlalchemy import delete, func, select, update

from oms_web import demo
from oms_web.adapters.http import AccountHttp
from oms_web.cli.demo import demo as command
from oms_web.core.actor import SYSTEM
from oms_web.core.clock import utc_now
from oms_web.core.errors import NotAllowedNow
from oms_web.domain.audit.models import AuditEntry
from oms_web.domain.catalog import queries
from oms_web.domain.catalog.models import Barcode, BundlePart, Product, Variant
from oms_web.domain.channels.models import ChannelAccount, Listing, ListingStock
from oms_web.domain.company.models import Company
from oms_web.domain.messages.models import OrderPage
from oms_web.domain.orders.filing import QUEUES
from oms_web.domain.orders.models import Hold, Order, OrderLine, Status
from oms_web.domain.payments.models import Payment, Refund
from oms_web.domain.payments.requests import PaymentRequest
from oms_web.domain.shipping.label_models import LabelBooking
from oms_web.domain.stock.models import Balance, Location, Move, StockDocument, Warehouse
from oms_web.domain.users import service as users
from oms_web.domain.users.models import User
from oms_web.flows import label, order_refund, publish_stock, return_refund
from oms_web.flows.ship import ship_order
from oms_web.inspection import ledgers
from oms_web.sync import accounts, doorbell, labels, payments, refunds
from oms_web.sync.models import Feed, Quarantine
from oms_web.sync.offers import read_offers
from oms_web.sync.pull import pull
from oms_web.sync.push_shipment import push_shipment
from oms_web.sync.push_stock import push_stock
from oms_web.sync.session import Engine
from oms_web.wiring import wire
from tests.conftest import settings_for
from tests.demo_market import open_market

TABLES = (Product, Variant, Barcode, BundlePart, Move, StockDocument, Warehouse, Location, Status,
          User, ChannelAccount, Feed, AuditEntry)


@pytest.fixture(scope="module")
def seeded(tmp_path_factory, request):
    """A seeded shop to look at, made once; tests that change it take ``shop``."""
    folder = tmp_path_factory.mktemp("demo")
    file = folder / "oms.sqlite3"
    file.write_bytes(request.getfixturevalue("sqlite_template").read_bytes())
    oms = wire(settings=settings_for(f"sqlite:///{file}", folder))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(demo.pictures, "draw", partial(demo.pictures.draw, size=48))
        demo.seed(oms)
    yield oms
    oms.engine.dispose()


@pytest.fixture
def there(tmp_path):
    return open_market(tmp_path / "demo", history=bustle.HISTORY)


@pytest.fixture
def shop(seeded, tmp_path, there):
    """A copy of the seeded shop, whose network leads to the test's marketplace."""
    with seeded.engine.connect() as connection:
        connection.exec_driver_sql("COMMIT")
        connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
    file = tmp_path / "oms.sqlite3"
    file.write_bytes((seeded.settings.instance / "oms.sqlite3").read_bytes())
    oms = wire(settings=settings_for(f"sqlite:///{file}", tmp_path), clock=there.clock)
    oms.works.ports["http"] = there.http
    with oms.works.writing(SYSTEM) as work:
        # sealed with the key of the shop that was copied
        work.session.execute(delete(OrderPage))
        for account in work.session.scalars(select(ChannelAccount)):
            account.secrets = None
            accounts.set_secrets(work, account, {
                "token": there.token, **({"signing_key": signing_key(there.token)}
                                         if account.connector == "skarbonka" else {})})
    yield oms
    oms.engine.dispose()


def look(oms, query):
    with oms.works.reading(SYSTEM) as work:
        return work.session.execute(query).all()


def one(oms, query):
    with oms.works.reading(SYSTEM) as work:
        return work.session.scalars(query).one()


def engine(oms):
    return Engine(oms.works, oms.registry)


def publish_all(oms):
    with oms.works.writing(SYSTEM) as work:
        publish_stock.publish(work, list(work.session.scalars(select(Variant.id))))
    return push_stock(engine(oms), 1)


class TestSeed:
    def test_everything_a_first_look_needs_is_there(self, seeded):
        company = one(seeded, select(Company))
        assert (company.name, company.is_demo, company.tax_id) == ("Leśna Sowa", True,
                                                                   "9990002007")
        assert company.address["city"] == "Łódź"
        assert company.bank_account.startswith("PL")
        counts = {t.__tablename__: look(seeded, select(func.count()).select_from(t))[0][0]
                  for t in TABLES}
        assert counts["product"] == 65
        assert counts["variant"] == counts["barcode"] == 98
        assert counts["warehouse"] == counts["stock_document"] == 2
        assert counts["feed"] == 5  # orders, their journal, offers, returns, messages
        bundles = look(seeded, select(Variant.sku).where(Variant.is_bundle))
        assert len(bundles) == 5
        phases = {phase for (phase,) in look(seeded, select(Status.phase))}
        assert phases == {"draft", "open", "packing", "shipped", "done", "cancelled"}

    def test_the_ledger_holds_what_the_catalogue_says(self, seeded):
        # As it was laid on the shelves; what was sold and came back since is in the ledger too.
        rows = look(seeded, select(Variant.sku, func.sum(Move.quantity))
                    .join(Move, Move.variant_id == Variant.id)
                    .join(StockDocument, StockDocument.id == Move.document_id)
                    .where(Move.order_id.is_(None)).group_by(Variant.sku))
        assert {sku: int(units) for sku, units in rows} \
            == {item.sku: item.stock for item in catalog.items() if item.stock}
        both = look(seeded, select(Balance.variant_id).join(Location).where(Balance.on_hand > 0)
                    .group_by(Balance.variant_id)
                    .having(func.count(Location.warehouse_id.distinct()) == 2))
        assert len(both) == 30

    def test_costs_prices_and_rates_are_those_of_the_catalogue(self, seeded):
        [row] = look(seeded, select(Variant.price, Variant.cost, Variant.weight_g, Product.vat_rate)
                     .join(Product).where(Variant.sku == "KSI-GRZ-01"))
        assert tuple(row) == (5990, 26_000_000, 780, "5")
        assert {rate for (rate,) in look(seeded, select(Product.vat_rate))} == {"23", "8", "5"}

    def test_every_variant_has_its_own_picture(self, seeded):
        ids = [row.id for row in look(seeded, select(Variant.id))]
        with seeded.works.reading(SYSTEM) as work:
            thumbs = queries.thumbs(work.session, ids)
        assert len(thumbs) == 98
        by_sku = dict(look(seeded, select(Variant.sku, Variant.id)))
        assert thumbs[by_sku["KUB-05-BIA"]] != thumbs[by_sku["KUB-05-ZIE"]]
        assert seeded.works.ports["files"].path(thumbs[by_sku["KUB-05-BIA"]]).stat().st_size < 9000

    def test_staff_of_every_role_whom_nobody_can_be(self, seeded):
        staff = look(seeded, select(User.role, User.email, User.password_hash))
        assert {role for role, _, _ in staff} \
            == {"manager", "sales", "warehouse", "accountant", "reader"}
        assert all(email.endswith(".example") for _, email, _ in staff)
        person = one(seeded, select(User).where(User.email.startswith("ola@")))
        assert not users.check_password(person, "ola")

    def test_again_it_changes_nothing(self, seeded):
        before = [look(seeded, select(func.count()).select_from(t))[0][0] for t in TABLES]
        demo.seed(seeded)
        assert [look(seeded, select(func.count()).select_from(t))[0][0] for t in TABLES] == before

    def test_an_interrupted_seeding_is_finished_by_the_next(self, both, monkeypatch):
        monkeypatch.setattr(demo.catalog, "items", _few(catalog.items()))

        def fail(*_):
            raise RuntimeError("the light went out")

        with monkeypatch.context() as patch:
            patch.setattr(demo, "_hang_pictures", fail)
            with pytest.raises(RuntimeError):
                demo.seed(both)
        assert look(both, select(ChannelAccount.id)) == []
        demo.seed(both)
        # the marketplace, the carrier and the provider
        assert len(look(both, select(ChannelAccount.id))) == 3
        assert len(look(both, select(StockDocument.id))) == 2
        assert look(both, select(func.sum(Balance.on_hand))) == [(20,)]

    def test_a_shop_of_ones_own_is_left_alone(self, oms):
        with oms.works.writing(SYSTEM) as work:
            work.session.add(Company(id=1, name="Mój sklep", address={}, created_at=work.now))
        with pytest.raises(NotAllowedNow):
            demo.seed(oms)
        assert look(oms, select(Product.id)) == []

    def test_the_server_keeps_its_state_where_the_shop_looks_for_the_token(self, seeded):
        from oms_web.cli.serve import demo_command

        settings = seeded.settings
        assert demo_command(settings)[-1] == str(demo.market_folder(settings))
        assert (demo.market_folder(settings) / "token").exists()


class TestTogether:
    def test_two_days_of_orders_flow_in_once(self, shop, there):
        pulled = pull(engine(shop), 1, "orders")
        placed = there.market.store.setting("buyers", "0")
        assert pulled.added == int(placed) + 11
        assert pulled.quarantined == 0
        again = pull(engine(shop), 1, "sweep")
        assert (again.added, again.changed, again.same) == (0, 0, pulled.added)
        queues = dict(look(shop, select(Order.queue, func.count()).group_by(Order.queue)))
        assert set(queues) <= set(QUEUES)
        assert queues["verify"] >= 3
        assert queues["short"] >= 1
        assert queues["unpaid"] >= 1
        assert queues["pick"] >= 15
        kinds = {kind for (kind,) in look(shop, select(Hold.kind))}
        assert kinds >= {"unmapped", "address", "tax_id"}
        assert look(shop, select(Quarantine.id)) == []

    def test_offers_find_their_products_and_two_wait_for_a_person(self, shop):
        assert read_offers(engine(shop), 1) == 101
        mapped = dict(look(shop, select(Listing.mapped_by, func.count())
                           .group_by(Listing.mapped_by)))
        assert mapped == {"sku": 98, "ean": 1, None: 2}

    def test_buyers_see_what_is_free_less_the_buffer(self, shop, there):
        pull(engine(shop), 1, "orders")
        read_offers(engine(shop), 1)
        pushed = publish_all(shop)
        assert (pushed.applied, pushed.rejected, pushed.later) == (99, 0, 0)
        free = dict(look(shop, select(Variant.sku, func.sum(Balance.on_hand - Balance.reserved))
                         .join(Balance, Balance.variant_id == Variant.id)
                         .join(Location, Location.id == Balance.location_id)
                         .where(Location.sellable).group_by(Variant.sku)))
        for item in catalog.items():
            if not item.parts:
                assert there.stock(item.sku) == max(0, free[item.sku] - demo.BUFFER), item.sku
        candles = free["SWI-JAR-180"] // 3
        assert there.stock("SWI-JAR-3") == max(0, candles - demo.BUFFER)
        read_offers(engine(shop), 1)
        drift = look(shop, select(ListingStock.listing_id)
                     .where(ListingStock.desired != ListingStock.confirmed))
        assert drift == []

    def test_a_sale_reserves_and_every_other_offer_of_it_follows(self, shop, there):
        read_offers(engine(shop), 1)
        publish_all(shop)
        there.buy("SWI-JAR-180", 3)
        pull(engine(shop), 1, "orders")
        publish_all(shop)
        assert there.stock("SWI-JAR-180") \
            == sum(row[0] for row in look(
                shop, select(func.sum(Balance.on_hand - Balance.reserved)).join(
                    Variant, Variant.id == Balance.variant_id)
                .where(Variant.sku == "SWI-JAR-180"))) - demo.BUFFER
        assert there.stock("SWI-JAR-3") <= there.stock("SWI-JAR-180") // 3

    def test_the_life_of_an_order_is_followed(self, shop, there):
        def order(ref):
            pull(engine(shop), 1, "orders")
            return one(shop, select(Order).where(Order.external_number == ref))

        ref = there.buy("KRZ-JES", 2, payment="unpaid")
        assert (order(ref).queue, order(ref).payment_state) == ("unpaid", "unpaid")
        there.market.pay(ref)
        assert (order(ref).queue, order(ref).payment_state) == ("pick", "paid")
        [(amount,)] = look(shop, select(Payment.amount).where(Payment.order_id == order(ref).id))
        assert amount == 2 * 4490 + 1599
        there.market.move(ref, {"street": "Nowa 7", "city": "Hel"})
        assert order(ref).ship_to["street"] == "Nowa 7"
        there.market.cancel(ref)
        assert order(ref).phase == "cancelled"
        assert look(shop, select(func.sum(OrderLine.reserved))
                    .where(OrderLine.order_id == order(ref).id)) == [(0,)]

    def test_a_wrong_token_stops_the_account_and_says_so(self, shop, there):
        there.app.config["SELLER_TOKEN"] = "another"
        with pytest.raises(AccessRefused):
            pull(engine(shop), 1, "orders")
        account = one(shop, select(ChannelAccount).where(ChannelAccount.id == 1))
        assert account.state == "broken"
        assert "token" in account.state_reason

    def test_a_marketplace_that_is_closed_is_asked_again(self, shop, there):
        there.street.faults["/events"] = httpx2.Response(503, text="closed")
        with pytest.raises(ChannelDown):
            pull(engine(shop), 1, "orders")
        assert {state for state, in look(shop, select(ChannelAccount.state))} == {"active"}
        assert one(shop, select(Feed).where(Feed.name == "orders")).failures == 1
        there.street.faults.clear()
        assert pull(engine(shop), 1, "orders").added > 40

    def test_a_label_comes_from_the_carrier_beside_it_and_is_one_whatever_the_weather(
            self, shop, there):
        ref = there.buy("KRZ-JES", 1)
        pull(engine(shop), 1, "orders")
        order = one(shop, select(Order).where(Order.external_number == ref))
        with shop.works.writing(SYSTEM) as work:
            booking_id = label.book_order(work, order.id).id
        there.street.faults["/courier/parcels"] = lambda answer: httpx2.Response(502)
        for _ in range(2):  # it is sold, and its answer lost; then nobody can be asked either
            assert labels.buy(engine(shop), booking_id) == "unknown"
            there.clock.turn(minutes=20)
        there.street.faults.clear()
        assert labels.buy(engine(shop), booking_id) == "confirmed"
        booking = one(shop, select(LabelBooking))
        assert shop.works.ports["files"].path(booking.files["pdf_a6"]).read_bytes()[:5] == b"%PDF-"
        with there.market.store.transaction() as db:
            assert len(courier.by_key(db, booking.key)) == 1

    def test_shipping_shows_on_the_marketplace(self, shop, there):
        ref = there.buy("KRZ-JES", 2)
        pull(engine(shop), 1, "orders")
        order = one(shop, select(Order).where(Order.external_number == ref))
        with shop.works.writing(SYSTEM) as work:
            work.session.execute(update(Company).values(recall_seconds=0))
            [shipment_id] = ship_order(work, order.id, carrier="InPost", number="INPOST-42")
        assert push_shipment(engine(shop), shipment_id) == "done"
        page = there.app.test_client().get(f"/orders/{ref}").text
        assert "INPOST-42" in page
        assert there.order(ref)["status"] == "sent"


class TestShell:
    def test_place_asks_the_running_marketplace(self, there, tmp_path, monkeypatch):
        monkeypatch.setenv("OMS_INSTANCE", str(tmp_path))
        monkeypatch.setattr(demo.catalog, "items", _few(catalog.items()))
        assert CliRunner().invoke(command, ["seed"]).exit_code == 0
        real = AccountHttp

        def through_the_street(*args, **options):
            return real(*args, **options | {"transport": there.street})

        monkeypatch.setattr("oms_web.cli.demo.AccountHttp", through_the_street)
        result = CliRunner().invoke(command, ["place", "2"])
        assert result.exit_code == 0, result.output
        assert [there.order(ref)["ref"] for ref in result.output.split()] \
            == result.output.split()
        assert CliRunner().invoke(command, ["place", "0"]).exit_code == 2

    def test_place_says_when_nobody_answers(self, tmp_path, monkeypatch):
        monkeypatch.setenv("OMS_INSTANCE", str(tmp_path))
        monkeypatch.setenv("OMS_DEMO_PORT", "1")
        result = CliRunner().invoke(command, ["place"])
        assert isinstance(result.exception, NotAllowedNow)
        assert "oms serve" in str(result.exception)

    def test_seed_makes_a_whole_shop(self, tmp_path, monkeypatch):
        monkeypatch.setenv("OMS_INSTANCE", str(tmp_path))
        monkeypatch.setattr(demo.catalog, "items", _few(catalog.items()))
        result = CliRunner().invoke(command, ["seed"])
        assert result.exit_code == 0, result.output
        oms = wire(tmp_path)
        assert len(look(oms, select(Variant.id))) == 3
        oms.engine.dispose()

    def test_market_becomes_the_server(self, tmp_path, monkeypatch):
        monkeypatch.setenv("OMS_INSTANCE", str(tmp_path))
        ran = []
        monkeypatch.setattr("os.execv", lambda _file, arguments: ran.append(arguments))
        CliRunner().invoke(command, ["market", "--port", "8390", "--rate", "0"])
        assert ran[0][1:] == ["-m", "oms_demo", "--port", "8390", "--data",
                              str(tmp_path / "demo"), "--rate", "0.0"]


class TestPaying:
    """The shop, its provider and a buyer: a link, a payment, a part of it back."""

    def turn(self, oms, there, **span):
        """Let time pass, and what is due happen on both sides; the provider rings at the shop."""
        there.clock.turn(**span)
        engine = Engine(oms.works, oms.registry)

        def post(ring, now):
            account = int(ring.url.rpartition("/")[2])
            headers = {name.lower(): value for name, value in rings.headers(ring, now).items()}
            doorbell.hear(engine, account, ring.body, headers)
            return 200

        heard = ringing.ring_due(there.market, post)
        [(account,)] = look(oms, select(ChannelAccount.id).where(
            ChannelAccount.connector == "skarbonka"))
        doorbell.answer(engine, account)
        payments.run(engine, account)
        refunds.run(engine)
        return heard

    def test_a_link_is_paid_on_the_provider_s_page_and_a_part_goes_back(self, shop, there):
        [(order_id,)] = look(shop, select(Order.id).where(
            Order.buyer_email == "ewa.lis@poczta.example"))

        def standing():
            return look(shop, select(Order.payment_state, Order.paid_total).where(
                Order.id == order_id))[0]

        there.clock.now = utc_now()  # when the order was written down
        self.turn(shop, there, seconds=1)
        [(url, total)] = look(shop, select(PaymentRequest.url, PaymentRequest.amount))
        assert (url, standing()) == ("http://127.0.0.1:8001/pay/SK-000001", ("unpaid", 0))
        page = url.removeprefix("http://127.0.0.1:8001")
        assert there.app.test_client().post(f"{page}/pay").status_code == 303
        assert self.turn(shop, there, seconds=1) == 1
        assert standing() == ("paid", total)
        with shop.works.writing(SYSTEM) as work:
            planned, _ = order_refund.ask(work, order_id, 500, "provider", "r1", "rysa")
            return_refund.act(work, planned.id, "approve")
        self.turn(shop, there, seconds=1)
        assert look(shop, select(Refund.state).where(Refund.key == "r1")) == [("sent",)]
        assert self.turn(shop, there, minutes=15) == 1
        assert look(shop, select(Refund.state).where(Refund.key == "r1")) == [("done",)]
        assert standing()[1] == total - 500
        with shop.works.reading(SYSTEM) as work:
            assert ledgers.check(work.session) == []


def _few(items):
    """Two mugs and the bundle that is made of them."""
    chosen = {"KUB-05-ZIE", "KUB-05-GRA", "ZES-KUB-4"}
    few = [replace(item, stock=10 if item.stock else 0) for item in items if item.sku in chosen]
    return lambda: few
