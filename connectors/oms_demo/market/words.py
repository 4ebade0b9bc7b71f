"""What the back office says, in Polish and English."""

from __future__ import annotations

LANGUAGES = ("pl", "en")
_SPACE = "\N{NO-BREAK SPACE}"

_WORDS: dict[str, tuple[str, str]] = {
    "panel": ("panel sprzedawcy", "seller's back office"),
    "invented": (
        "Targowisko jest zmyślone, razem z kupującymi. Służy do prób.",
        "This marketplace is invented, and so are its buyers. It is here to try things on.",
    ),
    "orders": ("Zamówienia", "Orders"),
    "offers": ("Oferty", "Offers"),
    "buy": ("Kup coś", "Buy something"),
    "settings": ("Ustawienia", "Settings"),
    "all": ("Wszystkie", "All"),
    "status.waiting_payment": ("czeka na zapłatę", "waiting for payment"),
    "status.to_send": ("do wysłania", "to send"),
    "status.sent": ("wysłane", "sent"),
    "status.delivered": ("doręczone", "delivered"),
    "status.cancelled": ("anulowane", "cancelled"),
    "number": ("Numer", "Number"),
    "placed": ("Złożone", "Placed"),
    "buyer": ("Kupujący", "Buyer"),
    "items": ("Produkty", "Items"),
    "total": ("Razem", "Total"),
    "status": ("Stan", "Status"),
    "tracking": ("Numer przesyłki", "Tracking"),
    "none_yet": ("jeszcze nie ma", "none yet"),
    "no_orders": ("Nie ma tu żadnych zamówień.", "There are no orders here."),
    "older": ("Starsze", "Older"),
    "newer": ("Nowe zamówienia, pokaż", "New orders, show"),
    "newest": ("Najnowsze", "Newest"),
    "product": ("Produkt", "Product"),
    "quantity": ("Liczba", "Quantity"),
    "price": ("Cena", "Price"),
    "stock": ("Widzą kupujący", "Buyers see"),
    "sold_today": ("Sprzedane w 24 h", "Sold in 24 h"),
    "last_change": ("Ostatnia zmiana stanu", "Last stock change"),
    "cause.start": ("otwarcie", "opening"),
    "cause.sale": ("sprzedaż", "sale"),
    "cause.push": ("z programu sprzedawcy", "from the seller's program"),
    "cause.office": ("ręcznie", "by hand"),
    "sold_out": ("wyprzedane", "sold out"),
    "search": ("Szukaj", "Search"),
    "search_hint": ("nazwa, SKU lub EAN", "name, SKU or EAN"),
    "history": ("Przebieg", "History"),
    "stock_history": ("Zmiany stanu", "Stock changes"),
    "when": ("Kiedy", "When"),
    "before": ("Było", "Before"),
    "after": ("Jest", "After"),
    "why": ("Skąd", "Why"),
    "event.order.placed": ("złożone", "placed"),
    "event.order.paid": ("zapłacone", "paid"),
    "event.order.changed": ("zmieniony adres", "address changed"),
    "event.order.part_sent": ("wysłana część", "partly sent"),
    "event.order.sent": ("wysłane", "sent"),
    "event.order.delivered": ("doręczone", "delivered"),
    "event.order.cancelled": ("anulowane", "cancelled"),
    "payment": ("Płatność", "Payment"),
    "payment.online": ("zapłacone od razu", "paid at once"),
    "payment.unpaid": ("bez zapłaty, na później", "not paid, later"),
    "payment.cod": ("za pobraniem", "cash on delivery"),
    "paid": ("zapłacone", "paid"),
    "not_paid": ("nie zapłacone", "not paid"),
    "delivery": ("Dostawa", "Delivery"),
    "point": ("Punkt odbioru", "Pickup point"),
    "goods": ("Towar", "Goods"),
    "discount": ("Rabat", "Discount"),
    "invoice": ("Faktura", "Invoice"),
    "wants_invoice": ("Kupujący chce faktury", "The buyer wants an invoice"),
    "note": ("Uwagi kupującego", "Buyer's note"),
    "parcels": ("Przesyłki", "Parcels"),
    "no_parcels": ("Sprzedawca nic jeszcze nie wysłał.", "The seller has sent nothing yet."),
    "left_at": ("wysłane", "sent"),
    "send_by": ("Wysłać do", "Send by"),
    "as_buyer": ("Zrób to jako kupujący", "Do as the buyer"),
    "act.pay": ("Zapłać", "Pay"),
    "act.cancel": ("Anuluj zamówienie", "Cancel the order"),
    "act.move": ("Zmień adres", "Change the address"),
    "act.buy": ("Złóż zamówienie", "Place the order"),
    "act.many": ("Niech kupią", "Let them buy"),
    "act.stock": ("Ustaw", "Set"),
    "act.save": ("Zapisz", "Save"),
    "many": ("Zamówienia od zmyślonych kupujących", "Orders from invented buyers"),
    "how_many": ("Ile zamówień", "How many orders"),
    "name": ("Imię i nazwisko", "Name"),
    "anybody": ("puste: ktokolwiek", "empty: anybody"),
    "country": ("Kraj", "Country"),
    "street": ("Ulica i numer", "Street and number"),
    "postcode": ("Kod", "Postcode"),
    "city": ("Miasto", "City"),
    "said.paid": ("Zapłacone.", "Paid."),
    "said.cancelled": ("Zamówienie anulowane.", "The order is cancelled."),
    "said.moved": ("Adres zmieniony.", "The address is changed."),
    "said.bought": ("Zamówienie złożone.", "The order is placed."),
    "said.many": ("Złożone zamówienia: {n}.", "Orders placed: {n}."),
    "said.stock": ("Stan zapisany.", "Stock saved."),
    "said.saved": ("Zapisane.", "Saved."),
    "refusal.sold_out": ("Zostało tylko {stock} szt.", "Only {stock} left."),
    "refusal.bad_quantity": (
        "Liczba musi być całkowita i nie mniejsza od zera.",
        "The quantity must be a whole number, zero or more.",
    ),
    "refusal.empty": ("Wybierz produkt.", "Choose a product."),
    "refusal.unknown_offer": ("Nie ma takiej oferty.", "There is no such offer."),
    "refusal.unknown_order": ("Nie ma takiego zamówienia.", "There is no such order."),
    "refusal.order_cancelled": ("Zamówienie jest anulowane.", "The order is cancelled."),
    "refusal.already_sent": ("Zamówienie już wyjechało.", "The order has left already."),
    "refusal.bad_rate": ("Od 0,1 do 600 zamówień na minutę.", "From 0.1 to 600 orders a minute."),
    "refusal.bad_count": ("Od 1 do 200 zamówień.", "From 1 to 200 orders."),
    "refusal.not_from_here": (
        "Formularz przyszedł z innej strony i nie został przyjęty.",
        "The form came from another site and was not accepted.",
    ),
    "auto": ("Kupujący sami", "Buyers by themselves"),
    "auto.on": ("Kupujący przychodzą sami", "Buyers come by themselves"),
    "auto.off": ("Nikt sam nie kupuje", "Nobody buys by himself"),
    "auto.tired": (
        "Kupujący czekają: {n} zamówień nie jest wysłanych.",
        "Buyers wait: {n} orders have not been sent.",
    ),
    "rate": ("Zamówienia na minutę", "Orders a minute"),
    "access": ("Dostęp dla programu sprzedawcy", "Access for the seller's program"),
    "address": ("Adres", "Address"),
    "token": ("Token", "Token"),
    "show_token": ("Pokaż token", "Show the token"),
    "calls": ("Ostatnie wywołania", "Latest calls"),
    "no_calls": ("Nikt jeszcze nie pytał.", "Nobody has called yet."),
    "answer": ("Odpowiedź", "Answer"),
    "missing_page": ("Nie ma takiej strony.", "There is no such page."),
    "back": ("Wróć", "Back"),
}


def word(key: str, language: str) -> str:
    """A text of the back office.

    Raises:
        KeyError: there is none; a typing error must not reach the screen.
    """
    return _WORDS[key][LANGUAGES.index(language)]


def money(minor: int, currency: str, language: str) -> str:
    """An amount as people write it: ``1 148,00 zł``, ``PLN 1,148.00``."""
    whole, cents = f"{abs(minor) // 100:,}", f"{abs(minor) % 100:02d}"
    sign = "\N{MINUS SIGN}" if minor < 0 else ""
    if language == "pl":
        unit = {"PLN": "zł", "EUR": "€"}.get(currency, currency)
        return f"{sign}{whole.replace(',', _SPACE)},{cents}{_SPACE}{unit}"
    return f"{sign}{currency}{_SPACE}{whole}.{cents}"
