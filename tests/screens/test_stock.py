"""The stock list, why a number is what it is, the ledger, corrections, documents and warehouses."""

from __future__ import annotations

import re

import pytest
from sqlalchemy import event, func, select

from oms_web.core.actor import SYSTEM
from oms_web.domain.catalog.service import VariantInput, put_variants
from oms_web.domain.channels.models import ChannelAccount
from oms_web.domain.stock.models import Balance, Location, Move, StockDocument, StockDocumentLine
from tests.screens.shelves import BLANKET, MUG, PART, SET, open_shop, text_of


@pytest.fixture
def shop(works):
    return open_shop(works)


@pytest.fixture
def owner(shop, browser_as):
    return browser_as("owner")


def rows(answer):
    """SKU -> the words of its row."""
    found = {}
    for row in re.findall(r'<tr data-row id="sku-\d+">(.*?)</tr>', answer.get_data(as_text=True),
                          re.DOTALL):
        words = " ".join(re.sub(r"<[^>]+>", " ", re.sub(r"<svg.*?</svg>", " ", row,
                                                        flags=re.DOTALL)).split())
        found[re.search(r'<small class="id">([^<]+)<', row)[1]] = words
    return found


def held(shop, sku, code):
    found = shop.ask(select(Balance.on_hand).where(
        Balance.variant_id == shop.ids[sku], Balance.location_id == shop.bins[code]))
    return found[0] if found else 0


# The list


def test_the_list_shows_every_number(owner):
    found = rows(owner.get("/stock"))
    assert set(found) == {MUG, BLANKET, SET}
    # on hand, reserved, available, on the way, buffer, published / read back
    assert re.search(r"KUB-BIA 12 7 5 .* – 2 3 / 5", found[MUG])
    assert "Koc &lt;merino&gt;" in found[BLANKET]
    assert re.search(r"SET-2 bundle 2 ", found[SET])
    assert "not listed" in found[SET]


@pytest.mark.parametrize(("query", "skus"), [
    ("q=5900012003196", {MUG}), ("q=kub-bia", {MUG}), ("q=KUBEK+bia", {MUG}), ("q=zzz", set()),
    ("state=short", {BLANKET}), ("state=out", {BLANKET}), ("state=below", {MUG}),
    ("state=normal", set()), ("state=dead", set()), ("channel=drift", {MUG}),
    ("channel=rejected", set()), ("channel=open", set()), ("category=Tekstylia", {BLANKET}),
    ("state=nonsense&channel=nonsense", {MUG, BLANKET, SET}), ("q=%25", set()), ("q=_", set()),
])
def test_filters(owner, query, skus):
    assert set(rows(owner.get(f"/stock?{query}"))) == skus


def test_one_warehouse_shows_its_own_numbers(owner, shop):
    assert set(rows(owner.get(f"/stock?warehouse={shop.ldz}"))) == {MUG}
    assert rows(owner.get(f"/stock?warehouse={shop.gdy}")) == {}


def test_an_empty_list_says_why_and_what_frees_it(owner):
    assert "All offers show what was sent to them." in text_of(owner.get("/stock?channel=rejected"))
    answer = text_of(owner.get("/stock?q=nothing-like-this"))
    assert "Nothing fits these filters" in answer
    assert "Clear the filters" in answer


def test_a_shop_without_products_says_how_to_begin(works, browser_as):
    answer = text_of(browser_as("owner").get("/stock"))
    assert "There are no products yet" in answer


def test_wrong_addresses_are_refused_in_words(owner):
    assert owner.get("/stock?after=broken").status_code == 422
    assert owner.get("/stock?warehouse=x").status_code == 422
    assert owner.get("/stock?account=1%20OR%201").status_code == 422
    assert owner.get("/stock/ledger?from=31.12.2026").status_code == 422
    assert owner.get("/stock/999/why").status_code == 404


def test_pages_follow_each_other_and_cost_the_same(owner, shop, oms):
    shop.do(put_variants, [VariantInput(f"S-{n:03}", f"Seria {n:03}", option="x")
                           for n in range(120)])
    statements = []
    event.listen(oms.engine, "before_cursor_execute", lambda *args: statements.append(args[2]))

    def page(address):
        statements.clear()
        answer = owner.get(address, headers=PART)
        after = re.search(r'hx-get="([^"]+after=[^"]+)"', answer.get_data(as_text=True))
        return list(rows(answer)), after and after[1].replace("&amp;", "&"), len(statements)

    seen, address, costs = [], "/stock?q=seria", []
    while address:
        found, address, cost = page(address)
        seen += found
        costs.append(cost)
    assert seen == [f"S-{n:03}" for n in range(120)]
    assert max(costs) <= min(costs) + 1
    assert max(costs) < 25


def test_the_part_is_only_rows(owner):
    part = owner.get("/stock", headers=PART).get_data(as_text=True)
    assert part.lstrip().startswith("<tbody")
    assert "<html" not in part


def test_the_rail_counts_what_its_filters_find(owner):
    answer = owner.get("/stock/rail", headers=PART).get_data(as_text=True)
    counts = dict(re.findall(
        r'href="/stock\?(?:state|channel|warehouse)=(\w+)".*?<span class="n[^"]*">(\d+)<', answer))
    for name in ("short", "out", "below", "normal", "dead"):
        assert int(counts[name]) == len(rows(owner.get(f"/stock?state={name}"))), name
    for name in ("drift", "open", "rejected"):
        assert int(counts[name]) == len(rows(owner.get(f"/stock?channel={name}"))), name
    assert re.search(r'href="/offers".*?<span class="n warn">2<', answer, re.DOTALL)


# Why


def test_why_is_an_equation_with_its_evidence(owner, shop):
    answer = owner.get(f"/stock/{shop.ids[MUG]}/why", headers=PART)
    words = text_of(answer)
    assert "Why 5?" in words
    assert re.search(r"12 on hand Ledger − 7 reserved in 1 position .*= 5 available to sell", words)
    assert "Targ shows 5, we sent 3" in words
    assert "Send 3 again" in words
    assert f"/stock/ledger?variant={shop.ids[MUG]}" in answer.get_data(as_text=True)
    assert "<html" not in answer.get_data(as_text=True)
    assert "<html" in owner.get(f"/stock/{shop.ids[MUG]}/why").get_data(as_text=True)


def test_why_of_a_bundle_names_the_scarcest_part(owner, shop):
    words = text_of(owner.get(f"/stock/{shop.ids[SET]}/why", headers=PART))
    assert "Why 2?" in words
    assert "5 available, 2 in each" in words


def test_why_names_what_orders_lack(owner, shop):
    words = text_of(owner.get(f"/stock/{shop.ids[BLANKET]}/why", headers=PART))
    assert "Open orders lack 4 more units." in words


# The ledger


def test_the_ledger_runs_and_says_because_of_what(owner, shop):
    owner.post(f"/stock/{shop.ids[MUG]}/correct", data={
        "place": f"{shop.bins['A-01']}:12", "units": "-2", "reason": "damaged", "note": "spadły",
        "key": "k1"})
    words = text_of(owner.get(f"/stock/ledger?variant={shop.ids[MUG]}"))
    assert re.search(r"−2 10 written off LDZ A-01 → written off Document \d+ spadły", words)
    assert re.search(r"\+12 12 receipt supplier → LDZ A-01", words)
    only = text_of(owner.get(f"/stock/ledger?variant={shop.ids[MUG]}&reason=receipt"))
    assert "spadły" not in only
    assert "On hand after" not in only  # a filtered ledger has no running balance
    assert "Nothing fits these filters" in text_of(owner.get("/stock/ledger?reason=transfer"))


def test_a_long_ledger_keeps_its_balance_over_pages(owner, shop):
    for n in range(60):
        owner.post(f"/stock/{shop.ids[MUG]}/correct", data={
            "place": f"{shop.bins['A-02']}:0", "units": "+1", "reason": "found", "key": f"k{n}"})
    first = owner.get(f"/stock/ledger?variant={shop.ids[MUG]}", headers=PART)
    after = re.search(r'hx-get="([^"]+)"', first.get_data(as_text=True))[1].replace("&amp;", "&")
    second = text_of(owner.get(after, headers=PART))
    balances = [int(n) for n in re.findall(r"\+1 (\d+) correction", text_of(first) + second)]
    assert balances == list(range(72, 12, -1))


# One SKU


def correct(client, shop, **data):
    values = {"place": f"{shop.bins['A-01']}:12", "units": "", "reason": "", "key": "k", **data}
    return client.post(f"/stock/{shop.ids[MUG]}/correct", data=values, headers=PART)


def test_a_bare_number_is_what_lies_there_and_a_signed_one_is_a_change(owner, shop):
    assert correct(owner, shop, units="11", reason="lost", key="a").headers["HX-Redirect"]
    assert held(shop, MUG, "A-01") == 11
    correct(owner, shop, units="+2", reason="found", key="b")
    assert held(shop, MUG, "A-01") == 13
    # Seen were 12 although 13 lie there by now: the difference that was meant is one unit.
    correct(owner, shop, units="11", reason="lost", key="c")
    assert held(shop, MUG, "A-01") == 12
    correct(owner, shop, units="11", reason="lost", key="c")  # an impatient second click
    assert held(shop, MUG, "A-01") == 12


@pytest.mark.parametrize(("data", "field", "says"), [
    ({"units": ""}, "units", "Fill this in."), ({"units": "x"}, "units", "not a whole number"),
    ({"units": "11"}, "reason", "Choose a reason."),
    ({"units": "13", "reason": "lost"}, "reason", "only takes units away"),
    ({"units": "12", "reason": "lost"}, "units", "changes nothing"),
    ({"units": "-13", "reason": "lost"}, "units", "only 12 units"),
])
def test_wrong_corrections_come_back_at_the_field(owner, shop, data, field, says):
    answer = correct(owner, shop, **data)
    page = answer.get_data(as_text=True)
    assert answer.status_code == 422
    assert says in page
    assert re.search(rf'name="{field}"[^>]*', page) or re.search(rf'id="{field}"', page)
    assert f'id="{field}-error"' in page
    assert held(shop, MUG, "A-01") == 12


def test_orders_that_lose_units_are_named(owner, shop):
    answer = correct(owner, shop, units="3", reason="damaged")
    said = text_of(owner.get(answer.headers["HX-Redirect"], follow_redirects=True))
    assert "1 order lost reserved units." in said


def test_the_form_offers_every_bin_and_units_move_to_another(owner, shop):
    assert "LDZ A-01 (12)" in text_of(owner.get(f"/stock/{shop.ids[MUG]}/correct"))
    words = text_of(owner.get(f"/stock/{shop.ids[MUG]}/move"))
    assert "A-02" in words
    assert "G-01" not in words
    answer = owner.post(f"/stock/{shop.ids[MUG]}/move", data={
        "place": shop.bins["A-01"], "to": shop.bins["A-02"], "units": "9", "key": "m"})
    assert answer.status_code == 303
    assert held(shop, MUG, "A-02") == 9
    too_many = owner.post(f"/stock/{shop.ids[MUG]}/move", data={
        "place": shop.bins["A-01"], "to": shop.bins["A-02"], "units": "9", "key": "n"})
    assert too_many.status_code == 422
    assert "only 3 units" in too_many.get_data(as_text=True)


# Documents


def begin(client, kind, **data):
    answer = client.post(f"/stock/{kind}s/new", data=data)
    assert answer.status_code == 303, answer.get_data(as_text=True)
    return answer.headers["Location"]


def scan(client, card, code, **data):
    return client.post(f"{card}/scan", data={"code": code, **data}, headers=PART)


def test_goods_are_received_by_scan(owner, shop):
    card = begin(owner, "receipt", warehouse=shop.ldz, partner="Huta", reference="WZ 1")
    for code in ("5900012003196", "]E05900012003196", MUG):
        answer = scan(owner, card, code)
    assert re.search(r"3 Kubek emaliowany biały KUB-BIA", text_of(answer))
    assert "<html" not in answer.get_data(as_text=True)
    assert "Into this bin now." in text_of(scan(owner, card, "a02"))
    assert f'data-place="{shop.bins["A-02"]}"' in scan(owner, card, "A-02").get_data(as_text=True)
    scan(owner, card, BLANKET, units="20", place=shop.bins["A-02"], cost="80,50")
    unknown = scan(owner, card, "5900000000000")
    assert unknown.status_code == 404
    assert "No product has the code 5900000000000." in text_of(unknown)
    near = scan(owner, card, "kubek")
    assert near.status_code == 404
    assert f'name="variant_id" value="{shop.ids[MUG]}"' not in near.get_data(as_text=True)
    assert "is a bundle" in text_of(scan(owner, card, SET))
    assert held(shop, MUG, "A-01") == 12
    done = owner.post(f"{card}/post")
    assert done.status_code == 303
    assert "23 units received." in text_of(owner.get(card))
    assert (held(shop, MUG, "A-01"), held(shop, BLANKET, "A-02")) == (15, 20)
    assert owner.post(f"{card}/scan", data={"code": MUG}, headers=PART).status_code == 409


def test_without_scripts_a_name_that_is_not_exact_offers_what_it_may_be(owner, shop):
    card = begin(owner, "receipt", warehouse=shop.ldz)
    page = owner.post(f"{card}/scan", data={"code": "kubek"}).get_data(as_text=True)
    assert f'name="variant_id" value="{shop.ids[MUG]}"' in page
    owner.post(f"{card}/scan", data={"code": "kubek", "variant_id": shop.ids[MUG]})
    assert shop.ask(select(StockDocumentLine.done)) == [1]


def test_lines_are_corrected_in_place(owner, shop):
    card = begin(owner, "receipt", warehouse=shop.ldz)
    scan(owner, card, MUG)
    line = shop.ask(select(StockDocumentLine.id))[0]
    bad = owner.post(f"{card}/lines/{line}", data={"units": "x", "place": shop.bins["A-01"]},
                     headers=PART)
    assert bad.status_code == 422
    assert "not a whole number" in bad.get_data(as_text=True)
    owner.post(f"{card}/lines/{line}", data={"units": "5", "place": shop.bins["A-02"],
                                             "cost": "1,5"}, headers=PART)
    assert shop.ask(select(StockDocumentLine.done)) == [5]
    assert shop.ask(select(StockDocumentLine.unit_cost)) == [1_500_000]
    line = shop.ask(select(StockDocumentLine.id))[0]
    owner.post(f"{card}/lines/{line}", data={"units": "0", "place": shop.bins["A-02"]})
    assert shop.ask(select(StockDocumentLine.done)) == []
    empty = owner.post(f"{card}/post")
    assert empty.status_code == 409
    assert "Nothing has been received yet." in text_of(empty)


def test_a_transfer_goes_from_draft_to_the_other_shelf(owner, shop):
    same = owner.post("/stock/transfers/new", data={"warehouse": shop.ldz,
                                                    "to_warehouse_id": shop.ldz})
    assert same.status_code == 422
    assert "two different warehouses" in same.get_data(as_text=True)
    card = begin(owner, "transfer", warehouse=shop.ldz, to_warehouse_id=shop.gdy)
    scan(owner, card, MUG, units="6")
    short = owner.post(f"{card}/send")
    assert short.status_code == 409
    assert "KUB-BIA: 6 units shall go, 5 are free in this bin." in text_of(short)
    line = shop.ask(select(StockDocumentLine.id))[0]
    owner.post(f"{card}/lines/{line}", data={"units": "4"}, headers=PART)
    owner.post(f"{card}/send")
    assert "4 units are on the road." in text_of(owner.get(card))
    assert re.search(r"KUB-BIA 8 7 1 .* 4 2 3 / 5", rows(owner.get("/stock"))[MUG])
    assert "1 Kubek emaliowany" in text_of(scan(owner, card, MUG, place=shop.bins["G-01"]))
    assert held(shop, MUG, "G-01") == 1
    wrong = owner.post(f"{card}/receive", data={f"line-{line}": "9"})
    assert wrong.status_code == 422
    assert "From 1 to 4 units can have arrived." in text_of(wrong)
    assert owner.post(f"{card}/close", data={"note": ""}).status_code == 422
    owner.post(f"{card}/receive", data={"all": "1"})
    assert held(shop, MUG, "G-01") == 4
    assert shop.ask(select(StockDocument.state)) == ["posted"]
    assert "No more of this was sent." not in text_of(owner.get(card))


def test_a_stocktake_counts_bin_by_bin_and_shows_what_differs(owner, shop):
    card = begin(owner, "stocktake", warehouse=shop.ldz)
    words = text_of(owner.get(f"{card}?place={shop.bins['A-01']}"))
    assert "Bin A-01" in words
    assert "1 more SKU should lie here by the ledger: Kubek emaliowany biały (KUB-BIA)" in words
    for _ in range(3):
        answer = scan(owner, card, "5900012003196", place=shop.bins["A-01"])
    assert re.search(r"3 Kubek emaliowany biały", text_of(answer))
    moved_on = scan(owner, card, "A-02", place=shop.bins["A-01"])
    assert "Counting this bin now." in text_of(moved_on)
    assert "Bin A-02" in text_of(moved_on)
    unexpected = scan(owner, card, BLANKET, place=shop.bins["A-02"], units="2")
    assert "the ledger has none of it here" in text_of(unexpected)
    review = text_of(owner.get(f"{card}?review=1"))
    assert "2 counts · 2 differ" in review
    assert "−9" in review
    assert "+2" in review
    assert scan(owner, card, MUG, place="99").status_code == 404
    line = shop.ask(select(StockDocumentLine.id).order_by(StockDocumentLine.id))[0]
    owner.post(f"{card}/lines/{line}", data={"units": "10", "place": shop.bins["A-01"]},
               headers=PART)
    done = owner.post(f"{card}/post")
    assert done.status_code == 303
    assert (held(shop, MUG, "A-01"), held(shop, BLANKET, "A-02")) == (10, 2)
    assert "2 differences are written into the ledger." in text_of(owner.get(card))


def test_a_count_without_a_bin_goes_where_the_product_lies_and_is_never_guessed(owner, shop):
    card = begin(owner, "stocktake", warehouse=shop.ldz)
    page = owner.get(card)
    assert "Which bin?" in text_of(page)
    assert '<option value="">scan a bin first' in page.get_data(as_text=True)
    answer = scan(owner, card, MUG)
    assert "counted in bin A-01, where it lies" in text_of(answer)
    assert "data-place" not in answer.get_data(as_text=True)  # the next scan is not for A-01
    assert shop.ask(select(StockDocumentLine.location_id)) == [shop.bins["A-01"]]
    answer = scan(owner, card, BLANKET)
    assert answer.status_code == 422
    assert "Scan the bin first: by the ledger" in text_of(answer)
    scan(owner, card, BLANKET, place=shop.bins["A-02"])
    correct(owner, shop, units="+1", reason="found", place=shop.bins["A-02"])
    answer = scan(owner, card, MUG)
    assert answer.status_code == 422
    assert "lies in A-01, A-02" in text_of(answer)


def test_the_rest_of_a_bin_is_none_on_request_and_counts_can_be_thrown_away(owner, shop):
    card = begin(owner, "stocktake", warehouse=shop.ldz)
    answer = owner.post(f"{card}/rest", data={"place": shop.bins["A-01"]}, headers=PART)
    assert "1 SKU counted as none." in text_of(answer)
    owner.post(f"{card}/cancel")
    assert held(shop, MUG, "A-01") == 12
    assert shop.ask(select(StockDocument.state)) == ["cancelled"]


def test_documents_are_listed_and_each_kind_opens_its_own_screen(owner, shop):
    correct(owner, shop, units="+1", reason="found")
    begin(owner, "stocktake", warehouse=shop.ldz)
    words = text_of(owner.get("/stock/documents"))
    assert "Correction found" in words
    assert "Stocktake" in words
    assert "Stocktake draft" not in text_of(owner.get("/stock/documents?kind=correction"))
    ids = shop.ask(select(StockDocument.id).order_by(StockDocument.id))
    assert "12 +1 13" in text_of(owner.get(f"/stock/documents/{ids[0]}"))
    assert owner.get(f"/stock/documents/{ids[1]}").headers["Location"] == \
        f"/stock/stocktakes/{ids[1]}"
    assert owner.get(f"/stock/receipts/{ids[1]}").status_code == 303
    assert owner.get("/stock/documents/999").status_code == 404


@pytest.mark.parametrize("role", ["sales", "accountant", "reader"])
def test_who_only_looks_cannot_change(shop, browser_as, role):
    client = browser_as(role)
    assert client.get("/stock").status_code == 200
    page = client.get("/stock").get_data(as_text=True)
    assert "Correct the stock" not in page
    for address in ("/stock/receipts/new", "/stock/transfers/new", "/stock/stocktakes/new",
                    f"/stock/{shop.ids[MUG]}/correct", "/stock/warehouses/new"):
        assert client.get(address).status_code == 403
    assert client.post(f"/stock/{shop.ids[MUG]}/correct", data={}).status_code == 403
    assert shop.ask(select(func.count()).select_from(Move)) == [1]


# Warehouses


def test_warehouses_and_bins_are_edited(owner, shop):
    answer = owner.post("/stock/warehouses/new", data={"code": "waw", "name": "Wola", "rank": "3"})
    card = answer.headers["Location"]
    taken = owner.post("/stock/warehouses/new", data={"code": "WAW", "name": "x"})
    assert taken.status_code == 422
    assert "There is already a warehouse WAW." in text_of(taken)
    owner.post(f"{card}/bins/add", data={"codes": "B-01..B-03, C-1", "sellable": "y"})
    assert shop.ask(select(Location.code).where(Location.code.like("B-%"))) == [
        "B-01", "B-02", "B-03"]
    bad = owner.post(f"{card}/bins/add", data={"codes": "B-09..B-01"})
    assert bad.status_code == 422
    assert "runs backwards" in text_of(bad)
    b1, b2 = shop.ask(select(Location.id).where(Location.code.in_(["B-01", "B-02"]))
                      .order_by(Location.code))
    owner.post(f"{card}/bins", data={f"code-{b1}": "B-01", f"order-{b1}": "9"})
    row = shop.ask(select(Location).where(Location.id == b1))[0]
    assert (row.path_order, row.sellable) == (9, False)
    clash = owner.post(f"{card}/bins", data={f"code-{b2}": "B-01", f"order-{b2}": "1"})
    assert clash.status_code == 422
    assert "There is already a bin B-01." in text_of(clash)
    full = owner.post(f"/stock/bins/{shop.bins['A-01']}/active/off", data={"warehouse": shop.ldz})
    assert full.status_code == 409
    assert "There are still units in A-01." in text_of(full)
    assert "Wola" in text_of(owner.get("/stock/warehouses"))


def test_a_channel_that_is_told_of_no_stock_has_no_column(owner, shop):
    assert '<th scope="col" class="edge">' in owner.get("/stock").get_data(as_text=True)
    with shop.works.writing(SYSTEM) as work:
        for account in work.session.scalars(select(ChannelAccount)):
            account.publish_stock = False
    assert '<th scope="col" class="edge">' not in owner.get("/stock").get_data(as_text=True)
