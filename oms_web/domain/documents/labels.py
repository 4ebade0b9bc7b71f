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
    "correction": ("Faktura korygująca", "Correction invoice"),
    "advance": ("Faktura zaliczkowa", "Advance invoice"),
    "final": ("Faktura końcowa", "Final invoice"),
    "proforma": ("Pro forma", "Pro forma"),
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
    "to_return": ("Do zwrotu", "To be returned"),
    "receipt_invoice": ("Faktura do paragonu nr %s", "Invoice to the receipt no. %s"),
    # correction
    "corrects": ("Dotyczy", "Corrects"),
    "corrects_of": ("%(number)s z %(date)s", "%(number)s of %(date)s"),
    "previous_correction": ("Poprzednia korekta", "Previous correction"),
    "reason": ("Przyczyna korekty", "Reason"),
    "before": ("Przed korektą", "Before the correction"),
    "after": ("Po korekcie", "After the correction"),
    "difference": ("Korekta", "Correction"),
    "sums_difference": ("Kwota korekty", "Amount of the correction"),
    "no_sums": ("Kwoty bez zmian.", "Amounts stay as they were."),
    # pro forma, advances
    "proforma_note": (
        "To nie jest faktura ani dokument księgowy. Fakturę wystawimy po zapłacie.",
        "This is neither an invoice nor an accounting document. The invoice follows the payment.",
    ),
    "valid_until": ("Ważne do", "Valid until"),
    "advance_line": ("Zaliczka na zamówienie %s", "Advance payment for order %s"),
    "advance_date": ("Data otrzymania zaliczki", "Advance received on"),
    "ordered": ("Zamówienie, którego dotyczy zaliczka", "The order that is paid in advance"),
    "whole_value": ("Wartość całkowita", "Whole value"),
    "advances": ("Zaliczki rozliczone tą fakturą", "Advances settled by this invoice"),
    "advance_of": ("Zaliczka %s", "Advance %s"),
    "left_to_settle": ("Pozostaje do rozliczenia", "Left to settle"),
    # warehouse papers
    "wz": ("Wydanie na zewnątrz (WZ)", "Goods issued (WZ)"),
    "pz": ("Przyjęcie z zewnątrz (PZ)", "Goods received (PZ)"),
    "mm": ("Przesunięcie międzymagazynowe (MM)", "Goods moved (MM)"),
    "rw": ("Rozchód wewnętrzny (RW)", "Goods taken out (RW)"),
    "pw": ("Przychód wewnętrzny (PW)", "Goods taken in (PW)"),
    "not_left": ("Cofnięcie wydania: towar nie opuścił magazynu.",
                 "Taken back: the goods have not left the warehouse."),
    "moved_on": ("Data ruchu", "Moved on"),
    "reference": ("Dokument obcy", "Their document"),
    "supplier": ("Dostawca", "Supplier"),
    "warehouse_from": ("Z magazynu", "From warehouse"),
    "warehouse_to": ("Do magazynu", "To warehouse"),
    "gave_out": ("Wydał(a)", "Given out by"),
    "took_in": ("Przyjął (przyjęła)", "Taken in by"),
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
    # return form
    "return_form": ("Formularz zwrotu", "Return form"),
    "return_to": ("Adresat", "To"),
    "return_from": ("Kupujący", "Buyer"),
    "received_on": ("Otrzymane dnia", "Received on"),
    "withdrawal_statement": (
        "Odstępuję od umowy sprzedaży rzeczy zaznaczonych poniżej:",
        "I withdraw from the contract of sale of the goods marked below:",
    ),
    "ordered_units": ("Zamówiono", "Ordered"),
    "sent_back": ("Odsyłam", "Sent back"),
    "return_reason": ("Przyczyna (nie trzeba podawać)", "Reason (not required)"),
    "refund_account": (
        "Numer rachunku do zwrotu, jeśli inny niż ten, z którego zapłacono",
        "Account for the refund, if not the one that was paid from",
    ),
    "day": ("Data", "Date"),
    "signature_if_paper": (
        "Podpis (gdy formularz jest na papierze)", "Signature (on paper)"),
    # hand-over protocol
    "handover": ("Protokół przekazania przesyłek", "Hand-over protocol"),
    "weight": ("Waga", "Weight"),
    "parcels_in_all": ("Razem paczek", "Parcels in all"),
    "courier_took": ("Odebrał kurier", "Taken by the courier"),
    "day_and_hour": ("Data i godzina", "Date and hour"),
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
    # what KSeF knows of it
    "ksef_number": ("Numer KSeF", "KSeF number"),
    "ksef_check": (
        "Kod prowadzi do faktury w Krajowym Systemie e-Faktur.",
        "The code leads to the invoice in the Polish e-invoice system (KSeF).",
    ),
    "ksef_offline": (
        "Wystawiona w trybie offline; zostanie przesłana do Krajowego Systemu e-Faktur.",
        "Issued offline; it will be sent to the Polish e-invoice system (KSeF).",
    ),
    "ksef_pending": ("Oczekuje na numer KSeF", "Waiting for its number from KSeF"),
    # protocol of a hand-over
    "parcels": ("Paczki", "Parcels"),
}

LABELS: dict[str, dict[str, str]] = {
    language: {key: both[index] for key, both in _WORDS.items()}
    for index, language in enumerate(LANGUAGES)
}
