"""The words on printed documents, Polish beside English.

A document speaks the language it was issued in, not the reader's, and some of these words are
prescribed by law (ustawa o VAT, art. 106e), so they live here as data and not in the catalogue
of screen texts. Words prescribed literally stand in Polish on English documents as well.
"""

from __future__ import annotations

LANGUAGES = ("pl", "en")

# key -> (Polish, English)
_WORDS: dict[str, tuple[str, str]] = {
    # any document
    "page": ("Strona", "Page"),
    "of": ("z", "of"),
    "order": ("Zamówienie", "Order"),
    "phone": ("tel.", "phone"),
    "tax_id": ("NIP", "Tax no."),
    "buyer_tax_id": ("NIP", "Tax no."),
    # invoice
    "invoice": ("Faktura", "Invoice"),
    "draft": ("Podgląd, bez numeru", "Preview, not numbered"),
    "seller": ("Sprzedawca", "Seller"),
    "buyer": ("Nabywca", "Buyer"),
    "recipient": ("Odbiorca", "Recipient"),
    "issue_date": ("Data wystawienia", "Issue date"),
    "sale_date": ("Data sprzedaży", "Date of supply"),
    "due_date": ("Termin płatności", "Payment due"),
    "position": ("Lp.", "No."),
    "name": ("Nazwa towaru lub usługi", "Goods or service"),
    "quantity": ("Ilość", "Quantity"),
    "unit": ("J.m.", "Unit"),
    "pieces": ("szt.", "pcs"),
    "service": ("usł.", "service"),
    "price_gross": ("Cena brutto", "Gross price"),
    "price_net": ("Cena netto", "Net price"),
    "discount": ("Rabat", "Discount"),
    "rate": ("VAT", "VAT"),
    "value_gross": ("Wartość brutto", "Gross value"),
    "value_net": ("Wartość netto", "Net value"),
    "vat_amount": ("Kwota VAT", "VAT amount"),
    "summary": ("Podsumowanie VAT", "VAT summary"),
    "rate_column": ("Stawka", "Rate"),
    "net": ("Netto", "Net"),
    "vat": ("VAT", "VAT"),
    "gross": ("Brutto", "Gross"),
    "total": ("Razem", "Total"),
    "carried_forward": ("Do przeniesienia", "Carried forward"),
    "brought_forward": ("Z przeniesienia", "Brought forward"),
    "payment_method": ("Sposób płatności", "Payment method"),
    "paid": ("Zapłacono", "Paid"),
    "to_pay": ("Do zapłaty", "To pay"),
    "in_words": ("Słownie", "In words"),
    "bank_account": ("Numer rachunku", "Bank account"),
    "bank": ("Bank", "Bank"),
    "delivery": ("Dostawa", "Delivery"),
    "surcharge": ("Dopłata", "Surcharge"),
    "issued_by": ("Wystawił(a)", "Issued by"),
    "remark": ("Uwagi", "Remarks"),
    "cod": ("Pobranie przy odbiorze", "Cash on delivery"),
    "credit": ("Przelew", "Bank transfer"),
    "prepaid": ("Przedpłata", "Prepaid"),
    "split_payment": (
        "mechanizm podzielonej płatności",
        "mechanizm podzielonej płatności (split payment mechanism)",
    ),
    "reverse_charge": ("odwrotne obciążenie", "odwrotne obciążenie (reverse charge)"),
    "exempt_basis": ("Podstawa zwolnienia z VAT", "Basis of VAT exemption"),
    "vat_home": ("VAT w %s", "VAT in %s"),
    "exchange": (
        "Kurs 1 %(currency)s = %(rate)s %(home)s, %(table)s z %(date)s",
        "Rate 1 %(currency)s = %(rate)s %(home)s, %(table)s of %(date)s",
    ),
    # packing slip
    "slip": ("List pakowy", "Packing slip"),
    "ship_to": ("Odbiorca", "Ship to"),
    "placed": ("Złożone", "Placed"),
    "courier": ("Dostawa", "Delivery"),
    "pickup_point": ("Punkt odbioru", "Pick-up point"),
    "parcel": ("Paczka", "Parcel"),
    "tracking": ("Nr przesyłki", "Tracking no."),
    "product": ("Produkt", "Product"),
    "pieces_column": ("Szt.", "Pcs"),
    "price": ("Cena", "Price"),
    "value": ("Wartość", "Value"),
    "note": ("Wiadomość od kupującego", "Message from the buyer"),
    "units_in_all": ("Razem sztuk", "Pieces in all"),
    "goods_value": ("Wartość towaru", "Value of goods"),
    "contains": ("w tym", "contains"),
    "collect": ("Pobranie", "Collect on delivery"),
    # pick list
    "picklist": ("Lista zbierania", "Pick list"),
    "picklist_many": ("Zbieranie do zamówień", "Picking for orders"),
    "warehouse": ("Magazyn", "Warehouse"),
    "made": ("Sporządzono", "Made"),
    "place": ("Miejsce", "Place"),
    "orders": ("Zamówienia", "Orders"),
    "picked": ("Wzięto", "Taken"),
    "short": ("Brakuje na stanie", "Short"),
    "short_hint": (
        "Te sztuki nie mają rezerwacji: nie ma ich na żadnej półce.",
        "These units are not reserved: no shelf has them.",
    ),
    "collected": ("Zebrano", "Collected"),
    "places": ("Miejsca", "Places"),
    "units": ("Sztuki", "Units"),
    # protocol of a hand-over
    "protocol": ("Protokół przekazania", "Hand-over protocol"),
    "carrier": ("Przewoźnik", "Carrier"),
    "parcels": ("Paczki", "Parcels"),
    "signed_by_courier": ("Podpis kuriera", "Courier's signature"),
}

LABELS: dict[str, dict[str, str]] = {
    language: {key: both[index] for key, both in _WORDS.items()}
    for index, language in enumerate(LANGUAGES)
}
