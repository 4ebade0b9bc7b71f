"""The ready profiles for exports of Amazon, Shopify and WooCommerce, on files of their form."""

from __future__ import annotations

from decimal import Decimal

from tests.contract import file_maker as make

AMAZON = (
    "amazon-order-id\tmerchant-order-id\tpurchase-date\tlast-updated-date\torder-status\t"
    "fulfillment-channel\tsales-channel\tship-service-level\tproduct-name\tsku\tasin\titem-status\t"
    "quantity\tcurrency\titem-price\titem-tax\tshipping-price\tshipping-tax\tgift-wrap-price\t"
    "item-promotion-discount\tship-promotion-discount\tship-city\tship-postal-code\tship-country\t"
    "is-business-order")


def ready(name):
    return make.connector().ready_profiles()[name][1]


def read(tmp_path, name, text, kind="orders", file="file.csv"):
    return make.read(make.write(tmp_path, text, file), ready(name), tmp_path, kind)


def amazon(order, status, channel, sku, quantity, price, *, item="Shipped", shipping="",
           gift="", promo="", ship_promo="", business="false"):
    return "\t".join((
        order, order, "2026-11-02T21:15:03+00:00", "2026-11-03T08:00:00+00:00", status, channel,
        "Amazon.pl", "Standard", f'The "{sku}" cup', sku, "B0TEST0001", item, quantity, "PLN",
        price, "", shipping, "", gift, promo, ship_promo, "Łódź", "90-001", "PL", business))


def test_amazon_sums_what_stands_in_each_row_and_leaves_its_own_warehouse_alone(tmp_path):
    rows = [
        AMAZON,
        amazon("401-1", "Unshipped", "Merchant", "KUB", "2", "50.00", item="Unshipped",
               shipping="7.00", gift="3.00", promo="5.00", business="true"),
        amazon("401-1", "Unshipped", "Merchant", "TAL", "1", "10.00", item="Unshipped",
               shipping="4.00", ship_promo="4.00"),
        amazon("401-1", "Unshipped", "Merchant", "MIS", "1", "", item="Cancelled"),
        amazon("401-2", "Shipped", "Amazon", "KUB", "1", "25.00"),
        amazon("401-3", "Pending", "Merchant", "KUB", "1", "25.00", item="Unshipped"),
        amazon("401-4", "Cancelled", "Merchant", "KUB", "1", "25.00", item="Cancelled"),
        amazon("401-5", "Lost", "Merchant", "KUB", "1", "25.00"),
    ]
    first, skipped, second, third, fourth, strange = read(
        tmp_path, "amazon-orders", "\n".join(rows) + "\n", file="report.txt")
    assert make.brief([first]) == [
        ("401-1", "sale", [("KUB", 2, "25.00"), ("TAL", 1, "10.00")])]
    assert (first.shipping, first.discount, first.state) == (Decimal(14), Decimal(9), "ready")
    assert (first.tags, first.fulfilled_by, first.ship_to.city) == (("B2B",), "seller", "Łódź")
    assert first.lines[0].title == 'The "KUB" cup'
    assert (skipped.reason, skipped.rows) == ("The item was cancelled", 1)
    assert (second.state, second.fulfilled_by, second.shipping) == ("shipped", "channel", 0)
    assert (third.state, fourth.state) == ("unpaid", "cancelled")
    assert "Lost" in strange.reason


SHOPIFY = (  # the order of the columns as the shop writes them
    "Name,Email,Financial Status,Paid at,Fulfillment Status,Fulfilled at,Accepts Marketing,"
    "Currency,Subtotal,Shipping,Taxes,Total,Discount Code,Discount Amount,Shipping Method,"
    "Created at,Lineitem quantity,Lineitem name,Lineitem price,Lineitem compare at price,"
    "Lineitem sku,Lineitem requires shipping,Lineitem taxable,Lineitem fulfillment status,"
    "Billing Name,Billing Street,Billing Address1,Billing Address2,Billing Company,Billing City,"
    "Billing Zip,Billing Province,Billing Country,Billing Phone,Shipping Name,Shipping Street,"
    "Shipping Address1,Shipping Address2,Shipping Company,Shipping City,Shipping Zip,"
    "Shipping Province,Shipping Country,Shipping Phone,Notes,Note Attributes,Cancelled at,"
    "Payment Method,Payment Reference,Refunded Amount,Vendor,Id,Tags")
COLUMNS = SHOPIFY.split(",")


def shopify(name, **cells):
    row = dict.fromkeys(COLUMNS, "") | {"Name": name} | cells
    return ",".join('"' + row[column].replace('"', '""') + '"' for column in COLUMNS)


def head(name, **cells):
    return shopify(name, **{
        "Email": "ewa@example.test",
        "Financial Status": "paid", "Fulfillment Status": "unfulfilled",
        "Currency": "PLN", "Shipping": "15.00", "Total": "105.00", "Discount Amount": "10.00",
        "Created at": "2026-11-02 10:00:00 +0100", "Payment Method": "Przelewy24",
        "Lineitem quantity": "2", "Lineitem name": "Kubek - Biały", "Lineitem price": "40.00",
        "Lineitem sku": "KUB", "Billing Name": "Ewa Wzorcowa", "Shipping Name": "Ewa Wzorcowa",
        "Shipping Address1": "Lipowa 7", "Shipping Address2": "m. 3", "Shipping City": "Łódź",
        "Shipping Zip": "'90-001", "Shipping Country": "PL", "Tags": "vip, hurt",
    } | cells)


def test_shopify_says_most_in_the_first_row_of_an_order(tmp_path):
    rows = [
        SHOPIFY,
        head("#1001"),
        shopify("#1001", **{"Lineitem quantity": "1", "Lineitem name": "Talerz",
                            "Lineitem price": "20.00"}),
        head("#1002", **{"Financial Status": "pending",
                         "Payment Method": "Cash on Delivery (COD)"}),
        head("#1003", **{"Financial Status": "pending"}),
        head("#1004", **{"Fulfillment Status": "fulfilled",
                         "Fulfilled at": "2026-11-03 10:00:00 +0100"}),
        head("#1005", **{"Financial Status": "refunded", "Cancelled at":
                         "2026-11-03 10:00:00 +0100"}),
    ]
    orders = read(tmp_path, "shopify-orders", "\n".join(rows) + "\n")
    assert [(o.external_id, o.state, o.payment_kind, o.paid) for o in orders] == [
        ("#1001", "ready", "prepaid", True), ("#1002", "ready", "cod", None),
        ("#1003", "unpaid", "prepaid", None), ("#1004", "shipped", "prepaid", True),
        ("#1005", "cancelled", "prepaid", True)]
    first = orders[0]
    assert make.brief([first])[0][2] == [("KUB", 2, "40.00"), ("", 1, "20.00")]
    assert first.lines[1].offer_ref == "Talerz"
    assert (first.shipping, first.discount, first.total) == (15, 10, 105)
    assert (first.ship_to.street, first.ship_to.postcode) == ("Lipowa 7 m. 3", "90-001")
    assert first.tags == ("vip", "hurt")


def test_shopify_products_come_variant_by_variant(tmp_path):
    text = (
        "Handle,Title,Body (HTML),Vendor,Type,Option1 Name,Option1 Value,Option2 Name,"
        "Option2 Value,Variant SKU,Variant Grams,Variant Inventory Qty,Variant Price,"
        "Variant Barcode,Cost per item\n"
        "koszulka,Koszulka,<p>Bawełna</p>,Marka,Ubrania,Rozmiar,M,Kolor,Biała,KOS-M,180,5,79.00,"
        "'5900012003196,30.00\n"
        "koszulka,,,,,,L,,Biała,KOS-L,190,0,79.00,,\n"
        "koszulka,,,,,,,,,,,,,,\n"
        "kubek,Kubek,,Marka,Kuchnia,Title,Default Title,,,KUB,300,9,49.90,,\n")
    found = read(tmp_path, "shopify-products", text, "products")
    goods = [one for one in found if hasattr(one, "sku")]
    assert [(p.sku, p.name, p.option, p.opening_stock) for p in goods] == [
        ("KOS-M", "Koszulka", "M / Biała", 5), ("KOS-L", "koszulka", "L / Biała", 0),
        ("KUB", "Kubek", "", 9)]
    assert (goods[0].eans, goods[0].weight_g, str(goods[0].cost)) == (
        ("5900012003196",), 180, "30.00")
    assert len(found) == 4


def test_woocommerce_orders_of_the_export_plugin_in_both_languages(tmp_path):
    header = ("Order Number,Order Status,Order Date,Customer Note,First Name (Billing),"
              "Last Name (Billing),Company (Billing),Address 1&2 (Billing),City (Billing),"
              "Postcode (Billing),Country Code (Billing),Email (Billing),Phone (Billing),"
              "First Name (Shipping),Last Name (Shipping),Address 1&2 (Shipping),City (Shipping),"
              "Postcode (Shipping),Country Code (Shipping),Payment Method,Payment Method Title,"
              "Shipping Method Title,Order Shipping Amount,Order Total Amount,SKU,Item #,Item Name,"
              "Quantity,Item Cost (inc. tax)")
    buyer = (",,Ewa,Wzorcowa,,Lipowa 7 m. 3,Łódź,90-001,PL,ewa@example.test,500600700,"
             "Ewa,Wzorcowa,Lipowa 7 m. 3,Łódź,90-001,PL")
    rows = [
        f"700,W trakcie realizacji,2026-11-02 10:00{buyer},cod,Za pobraniem,Kurier,15,95,KUB,1,"
        "Kubek,2,40",
        f"701,Completed,2026-11-02 11:00{buyer},payu,PayU,Kurier,15,55,,1,Talerz,1,40",
        f"702,Wymyślony,2026-11-02 11:00{buyer},payu,PayU,Kurier,15,55,KUB,1,Kubek,1,40",
    ]
    text = "\n".join([header, *rows]) + "\n"
    first, second, strange = read(tmp_path, "woocommerce-orders", text)
    assert (first.state, first.payment_kind) == ("ready", "cod")
    assert (first.total, first.shipping) == (95, 15)
    assert make.brief([first])[0][2] == [("KUB", 2, "40")]
    assert (second.state, second.payment_kind, second.lines[0].offer_ref) == (
        "shipped", "prepaid", "Talerz")
    assert "Wymyślony" in strange.reason


def test_woocommerce_products_in_both_languages(tmp_path):
    english = ("ID,Type,SKU,\"GTIN, UPC, EAN, or ISBN\",Name,Description,Stock,Weight (kg),"
               "Length (cm),Sale price,Regular price,Categories,Attribute 1 value(s)\n"
               "1,variable,KOS,,Koszulka,,,,,,,Ubrania,\n"
               "2,variation,KOS-M,5900012003196,Koszulka - M,,5,0.18,30,,79.00,,M\n"
               "3,simple,,,Bez numeru,,1,,,,9.00,,\n"
               "4,simple,KUB,,Kubek,Biały,9,0.3,10,39.90,49.90,Kuchnia,\n")
    polish = ("ID;Typ;SKU;Nazwa;Opis;Stan magazynowy;Waga (kg);Długość (cm);Cena promocyjna;Cena;"
              "Kategorie\n4;simple;KUB;Kubek;Biały;9;0,3;10;39,90;49,90;Kuchnia\n")
    found = read(tmp_path, "woocommerce-products", english, "products")
    goods = [one for one in found if hasattr(one, "sku")]
    assert [(p.sku, p.option, p.weight_g, str(p.price), p.opening_stock) for p in goods] == [
        ("KOS-M", "M", 180, "79.00", 5), ("KUB", "", 300, "39.90", 9)]
    (cup,) = read(tmp_path, "woocommerce-products", polish, "products", file="polish.csv")
    assert (cup.sku, cup.name, cup.weight_g, str(cup.price), cup.category) == (
        "KUB", "Kubek", 300, "39.90", "Kuchnia")
