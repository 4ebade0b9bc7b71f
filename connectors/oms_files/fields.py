"""What a profile may fill: the fields of orders, order lines, products and stock counts.

``synonyms`` are headers, folded (lower case, no accents, no punctuation), by which a field is
guessed; English and Polish, the shops' and marketplaces' own exports included.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from oms_connector import N_

FieldType = Literal[
    "text", "count", "amount", "rate", "date", "flag", "country", "currency", "choice", "eans",
    "parts", "list", "size", "weight",
]

STATES = ("unpaid", "ready", "shipped", "delivered", "cancelled")
PAYMENT_KINDS = ("prepaid", "cod", "credit")
FULFILLED_BY = ("seller", "channel")


@dataclass(frozen=True, slots=True)
class Target:
    """One field. ``limit`` is the longest text it holds (0: any)."""

    name: str
    label: str
    type: FieldType = "text"
    help: str = ""
    required: bool = False
    limit: int = 0
    choices: tuple[str, ...] = ()
    synonyms: tuple[str, ...] = ()


def _words(text: str) -> tuple[str, ...]:
    return tuple(word.strip() for word in text.split(","))


ORDER: tuple[Target, ...] = (
    Target("placed_at", N_("Placed at"), "date", required=True, synonyms=_words(
        "order date, data zamowienia, date, data, created at, placed at, purchase date, "
        "invoice date, data zlozenia, data zakupu, order time, utworzono, data sprzedazy, "
        "ordered at, date created, date created gmt, created")),
    Target("currency", N_("Currency"), "currency", required=True, synonyms=_words(
        "currency, waluta, currency code, order currency, kod waluty")),
    Target("state", N_("State"), "choice", N_("unpaid, ready, shipped, delivered or cancelled"),
           choices=STATES),
    Target("raw_status", N_("The channel's own status"), limit=60, synonyms=_words(
        "status, order status, stan, status zamowienia, fulfillment status, order state")),
    Target("number", N_("Number shown to people"), limit=120),
    Target("revision", N_("Version of the order"), limit=60,
           help=N_("Sorts as text: a later one replaces an earlier one.")),
    Target("ship_by", N_("Ship by"), "date", synonyms=_words(
        "required date, ship by, termin wysylki, promise date, latest ship date, wyslac do")),
    Target("shipped_at", N_("Shipped at"), "date", synonyms=_words(
        "shipped date, shipped at, data wysylki, ship date, wyslano")),
    Target("shipping", N_("Shipping price"), "amount", synonyms=_words(
        "shipping, freight, koszt wysylki, koszt dostawy, shipping price, delivery cost, wysylka, "
        "shipping total, dostawa cena, cena dostawy, shipping cost")),
    Target("discount", N_("Discount on the order"), "amount", synonyms=_words(
        "discount amount, rabat kwotowy, order discount, discount total")),
    Target("total", N_("Total"), "amount", synonyms=_words(
        "total, suma, order total, razem, kwota zamowienia, do zaplaty, wartosc zamowienia")),
    Target("prices_include_tax", N_("Prices include tax"), "flag"),
    Target("payment_kind", N_("How it is paid"), "choice", N_("prepaid, cod or credit"),
           choices=PAYMENT_KINDS),
    Target("payment_method", N_("Payment method"), limit=80, synonyms=_words(
        "payment method, metoda platnosci, forma platnosci, platnosc, sposob platnosci, "
        "payment method title")),
    Target("paid", N_("Paid"), "flag", synonyms=_words("paid, oplacone, zaplacono, is paid")),
    Target("buyer_ref", N_("Buyer's id"), limit=120, synonyms=_words(
        "customer id, customerid, id klienta, buyer id, login, nick, klient id, buyer login")),
    Target("buyer_name", N_("Buyer"), limit=200, synonyms=_words(
        "customer name, buyer name, klient, kupujacy, name, imie i nazwisko, customer, buyer, "
        "billing name, nabywca, contact name")),
    Target("buyer_email", N_("E-mail"), limit=200, synonyms=_words(
        "email, e mail, mail, buyer email, adres email, customer email, billing email, "
        "email klienta, contact email")),
    Target("buyer_phone", N_("Phone"), limit=40, synonyms=_words(
        "phone, telefon, tel, buyer phone number, phone number, numer telefonu, billing phone, "
        "buyer phone, komorka")),
    Target("buyer_company", N_("Company"), limit=200, synonyms=_words(
        "company, firma, company name, nazwa firmy, billing company")),
    Target("tax_id", N_("Tax id (NIP)"), limit=20, synonyms=_words(
        "nip, vat id, tax id, vat number, vatin, nip nabywcy")),
    Target("wants_invoice", N_("Wants an invoice"), "flag", synonyms=_words(
        "invoice, faktura, wants invoice, czy faktura")),
    Target("buyer_note", N_("Buyer's note"), synonyms=_words(
        "note, notes, uwagi, customer note, komentarz, wiadomosc, comment, uwagi klienta, "
        "buyer note, message")),
    Target("ship_to.name", N_("Recipient"), limit=200, synonyms=_words(
        "ship name, recipient name, recipient, odbiorca, shipping name, delivery name, "
        "dostawa imie i nazwisko, adresat")),
    Target("ship_to.company", N_("Recipient's company"), limit=200, synonyms=_words(
        "ship company, shipping company, dostawa firma")),
    Target("ship_to.street", N_("Street"), limit=200, synonyms=_words(
        "address, adres, street, ulica, ship address, ship address 1, shipping address, "
        "shipping address1, shipping street, adres dostawy, dostawa ulica, shipping address 1")),
    Target("ship_to.postcode", N_("Postcode"), limit=20, synonyms=_words(
        "postcode, zip, postal code, kod pocztowy, ship postal code, shipping zip, zip code, "
        "shipping postcode, dostawa kod pocztowy, kod, shippostalcode")),
    Target("ship_to.city", N_("City"), limit=120, synonyms=_words(
        "city, miasto, miejscowosc, ship city, shipping city, dostawa miasto, town")),
    Target("ship_to.region", N_("Region"), limit=120, synonyms=_words(
        "region, state, wojewodztwo, ship state, ship region, shipping state, province, "
        "shipping province")),
    Target("ship_to.country", N_("Country"), "country", synonyms=_words(
        "country, kraj, ship country, shipping country, country code, kraj dostawy, "
        "dostawa kraj, panstwo")),
    Target("ship_to.phone", N_("Recipient's phone"), limit=40, synonyms=_words(
        "ship phone number, shipping phone, dostawa telefon")),
    Target("ship_to.email", N_("Recipient's e-mail"), limit=200),
    Target("bill_to.name", N_("Invoice: name"), limit=200),
    Target("bill_to.company", N_("Invoice: company"), limit=200),
    Target("bill_to.street", N_("Invoice: street"), limit=200, synonyms=_words(
        "billing address, billing street, billing address1, faktura adres, billing address 1")),
    Target("bill_to.postcode", N_("Invoice: postcode"), limit=20, synonyms=_words(
        "billing zip, billing postcode, faktura kod pocztowy")),
    Target("bill_to.city", N_("Invoice: city"), limit=120, synonyms=_words(
        "billing city, faktura miasto")),
    Target("bill_to.country", N_("Invoice: country"), "country", synonyms=_words(
        "billing country, faktura kraj")),
    Target("delivery_method", N_("Delivery method"), limit=120, synonyms=_words(
        "shipping method, delivery method, sposob dostawy, metoda dostawy, dostawa, "
        "ship service level, delivery, wysylka metoda")),
    Target("carrier", N_("Carrier"), limit=40, synonyms=_words("carrier, kurier, przewoznik")),
    Target("pickup_point", N_("Pick-up point"), limit=60, synonyms=_words(
        "pickup point, paczkomat, punkt odbioru, pick up point, locker")),
    Target("fulfilled_by", N_("Who sends it"), "choice",
           N_("seller or channel; what the channel sends takes nothing from your shelves"),
           choices=FULFILLED_BY),
    Target("tags", N_("Tags"), "list", synonyms=_words("tags, tagi, etykiety")),
    Target("returns_ref", N_("Order a return belongs to"), limit=120),
    Target("reason", N_("Reason of a return or write-off"), limit=200),
)

KEY_SYNONYMS = _words(
    "order id, orderid, order number, numer zamowienia, nr zamowienia, id zamowienia, zamowienie, "
    "invoice no, invoiceno, amazon order id, order, order no, id, number, numer, external id, "
    "order name, zamowienie nr, increment id, reference")

LINE: tuple[Target, ...] = (
    Target("sku", N_("SKU"), limit=120, synonyms=_words(
        "sku, symbol, kod produktu, indeks, stock code, stockcode, product code, item sku, "
        "lineitem sku, product id, productid, kod towaru, kod, product sku, seller sku, "
        "variant sku, sygnatura")),
    Target("title", N_("Name"), limit=420, synonyms=_words(
        "product name, nazwa, nazwa produktu, description, item name, title, produkt, product, "
        "lineitem name, towar, opis, nazwa towaru, item, tytul, tytul oferty")),
    Target("quantity", N_("Quantity"), "count", required=True, synonyms=_words(
        "quantity, qty, ilosc, liczba, lineitem quantity, quantity purchased, szt, liczba sztuk, "
        "sztuk, units, ilosc sztuk, amount of units")),
    Target("unit_price", N_("Price per unit"), "amount", synonyms=_words(
        "unit price, unitprice, price, cena, cena jednostkowa, lineitem price, cena brutto, "
        "item price, cena szt, cena sprzedazy, unit price gross")),
    Target("line_total", N_("Price of the whole line"), "amount", synonyms=_words(
        "line total, wartosc, amount, line amount, wartosc brutto, kwota, subtotal, item total")),
    Target("discount_rate", N_("Discount on the line (0.1 is a tenth)"), "rate", synonyms=_words(
        "discount, rabat, discount rate, discount percent, znizka")),
    Target("ean", N_("Barcode"), limit=60, synonyms=_words(
        "ean, ean13, barcode, gtin, kod kreskowy, kod ean, upc")),
    Target("vat_rate", N_("VAT rate"), limit=6, synonyms=_words(
        "vat, vat rate, stawka vat, tax rate, vat %, stawka, podatek")),
    Target("offer_ref", N_("Offer id"), limit=120, synonyms=_words(
        "offer id, id oferty, asin, listing id, numer oferty, oferta, numer aukcji")),
    Target("line_ref", N_("Line id"), limit=120, synonyms=_words(
        "order item id, line id, line item id, id pozycji")),
    Target("cancelled", N_("Units cancelled"), "count"),
)

PRODUCT: tuple[Target, ...] = (
    Target("sku", N_("SKU"), required=True, limit=120, synonyms=LINE[0].synonyms),
    Target("name", N_("Name"), required=True, limit=300, synonyms=_words(
        "name, nazwa, product name, nazwa produktu, title, tytul, productname, nazwa towaru, "
        "produkt, product")),
    Target("option", N_("Variant (colour, size)"), limit=120, synonyms=_words(
        "option, wariant, variant, opcja, size, rozmiar, kolor, color, colour")),
    Target("eans", N_("Barcodes"), "eans", synonyms=LINE[6].synonyms),
    Target("brand", N_("Brand"), limit=120, synonyms=_words(
        "brand, marka, producent, manufacturer, vendor")),
    Target("category", N_("Category"), limit=120, synonyms=_words(
        "category, kategoria, category name, grupa, type, product type")),
    Target("description", N_("Description"), synonyms=_words(
        "description, opis, ingredients, sklad, body html, body")),
    Target("vat_rate", N_("VAT rate"), limit=6, synonyms=LINE[7].synonyms),
    Target("price", N_("Price"), "amount", synonyms=_words(
        "price, cena, unit price, unitprice, cena brutto, cena sprzedazy, variant price, "
        "regular price")),
    Target("cost", N_("Purchase price"), "amount", synonyms=_words(
        "cost, koszt, cena zakupu, purchase price, cost per item")),
    Target("currency", N_("Currency"), "currency", synonyms=ORDER[1].synonyms),
    Target("weight", N_("Weight"), "weight", N_("In grams, or with a unit: 1.2 kg"),
           synonyms=_words("weight, waga, weight g, waga g, masa, weight kg, waga kg, grams")),
    Target("length", N_("Length"), "size", N_("In millimetres, or with a unit: 12 cm"),
           synonyms=_words("length, dlugosc, length mm, length cm, dlugosc cm, dlugosc mm")),
    Target("width", N_("Width"), "size", synonyms=_words(
        "width, szerokosc, width mm, width cm, szerokosc cm, szerokosc mm")),
    Target("height", N_("Height"), "size", synonyms=_words(
        "height, wysokosc, height mm, height cm, wysokosc cm, wysokosc mm")),
    Target("parts", N_("Parts of a bundle"), "parts", N_("SKU:2; SKU:1"), synonyms=_words(
        "parts, zestaw, sklad zestawu, bundle, components")),
    Target("opening_stock", N_("Opening stock"), "count", synonyms=_words(
        "stock, stan, stan magazynowy, units in stock, unitsinstock, ilosc, quantity, qty, "
        "inventory, stan poczatkowy, variant inventory qty")),
)

STOCK: tuple[Target, ...] = (
    Target("sku", N_("SKU"), required=True, limit=120, synonyms=LINE[0].synonyms),
    Target("quantity", N_("Quantity"), "count", required=True, synonyms=_words(
        "quantity, qty, ilosc, stan, stan magazynowy, liczba, stock, on hand, units in stock, "
        "sztuk, szt, available, policzono")),
    Target("warehouse", N_("Warehouse"), limit=12, synonyms=_words(
        "warehouse, magazyn, kod magazynu")),
    Target("location", N_("Place"), limit=40, synonyms=_words(
        "location, miejsce, lokalizacja, polka, bin, regal")),
)

GROUPS: dict[str, dict[str, tuple[Target, ...]]] = {
    "orders": {"fields": ORDER, "lines": LINE},
    "products": {"fields": PRODUCT},
    "stock": {"fields": STOCK},
}
"""kind of record -> section of the profile -> its fields."""
