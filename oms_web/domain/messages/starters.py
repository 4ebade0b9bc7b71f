"""Words to start from: what most shops write to their buyers, in both languages. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from oms_web.core.marking import N_
from oms_web.domain.messages.wording import EMAIL, SMS
from oms_web.domain.returns import moments


@dataclass(frozen=True, slots=True)
class Starter:
    """A template as it may be. ``name`` is what it is for (a gettext key)."""

    name: str
    kind: str
    pl: tuple[str, str]
    en: tuple[str, str]
    attach: bool = False
    plain: bool = False
    moment: str = ""

    def values(self) -> dict[str, Any]:
        """As the form of a template takes it."""
        return {"kind": self.kind, "name": "", "subject_pl": self.pl[0], "text_pl": self.pl[1],
                "subject_en": self.en[0], "text_en": self.en[1], "attach": self.attach,
                "plain": self.plain, "moment": self.moment}


STARTERS: dict[str, Starter] = {
    "came": Starter(
        N_("Thank you for the order"), EMAIL,
        ("Dziękujemy za zamówienie {{order.number}}",
         "Dzień dobry,\n\ndziękujemy za zamówienie {{order.number}}:\n\n{{order.lines}}\n\n"
         "Razem: {{order.total}}\nDo zapłaty: {{order.to_pay}}\n"
         "Wyślemy je do: {{order.ship_by}}\n\n"
         "Stan zamówienia: {{order.link}}\n\nPozdrawiamy\n{{shop.name}}"),
        ("Thank you for your order {{order.number}}",
         "Hello,\n\nthank you for your order {{order.number}}:\n\n{{order.lines}}\n\n"
         "Total: {{order.total}}\nTo be paid: {{order.to_pay}}\n"
         "We will send it by: {{order.ship_by}}\n\n"
         "How it is going: {{order.link}}\n\nKind regards\n{{shop.name}}")),
    "payment": Starter(
        N_("A link to pay"), EMAIL,
        ("Płatność za zamówienie {{order.number}}",
         "Dzień dobry,\n\nza zamówienie {{order.number}} można zapłacić tutaj:\n"
         "{{payment.link}}\n\nDo zapłaty: {{order.to_pay}}\n\n"
         "Stan zamówienia: {{order.link}}\n\nPozdrawiamy\n{{shop.name}}"),
        ("Payment of your order {{order.number}}",
         "Hello,\n\nyou can pay your order {{order.number}} here:\n"
         "{{payment.link}}\n\nTo be paid: {{order.to_pay}}\n\n"
         "How it is going: {{order.link}}\n\nKind regards\n{{shop.name}}")),
    "shipped": Starter(
        N_("The parcel has left"), EMAIL,
        ("Zamówienie {{order.number}} jest w drodze",
         "Dzień dobry,\n\nzamówienie {{order.number}} zostało wysłane.\n\n"
         "Przewoźnik: {{delivery.carrier}}\nNumer przesyłki: {{tracking.number}}\n"
         "Śledzenie: {{tracking.url}}\nPunkt odbioru: {{delivery.point}}\n\n"
         "Stan zamówienia: {{order.link}}\n\nPozdrawiamy\n{{shop.name}}"),
        ("Your order {{order.number}} is on its way",
         "Hello,\n\nyour order {{order.number}} has left.\n\n"
         "Courier: {{delivery.carrier}}\nParcel number: {{tracking.number}}\n"
         "Follow it: {{tracking.url}}\nPick-up point: {{delivery.point}}\n\n"
         "How it is going: {{order.link}}\n\nKind regards\n{{shop.name}}")),
    "invoice": Starter(
        N_("The invoice is ready"), EMAIL,
        ("Faktura {{document.number}} do zamówienia {{order.number}}",
         "Dzień dobry,\n\nw załączniku przesyłamy fakturę {{document.number}}.\n\n"
         "Pozdrawiamy\n{{shop.name}}"),
        ("Invoice {{document.number}} for your order {{order.number}}",
         "Hello,\n\nthe invoice {{document.number}} is attached.\n\nKind regards\n"
         "{{shop.name}}"), attach=True),
    "case_received": Starter(
        N_("We received the case"), EMAIL,
        ("Otrzymaliśmy zgłoszenie {{case.number}}",
         "Dzień dobry,\n\notrzymaliśmy zgłoszenie {{case.number}} do zamówienia "
         "{{order.number}}:\n\n{{case.lines}}\n\nOdpowiemy do: {{case.due}}\n\n"
         "Jeśli towar ma do nas wrócić, adres zwrotu:\n{{case.address}}\n{{case.how}}\n\n"
         "Pozdrawiamy\n{{shop.name}}"),
        ("We received your case {{case.number}}",
         "Hello,\n\nwe received the case {{case.number}} of your order "
         "{{order.number}}:\n\n{{case.lines}}\n\nWe will answer by: {{case.due}}\n\n"
         "If the goods are to come back, send them to:\n{{case.address}}\n{{case.how}}\n\n"
         "Kind regards\n{{shop.name}}"), moment=moments.RECEIVED),
    "case_accepted": Starter(
        N_("The return is accepted"), EMAIL,
        ("Przyjęliśmy zgłoszenie {{case.number}}",
         "Dzień dobry,\n\nprzyjęliśmy zgłoszenie {{case.number}} do zamówienia "
         "{{order.number}}:\n\n{{case.lines}}\n\nDo zwrotu: {{case.refund}}\n"
         "Zrobimy to do: {{case.due}}\n\nPozdrawiamy\n{{shop.name}}"),
        ("Your case {{case.number}} is accepted",
         "Hello,\n\nwe have accepted the case {{case.number}} of your order "
         "{{order.number}}:\n\n{{case.lines}}\n\nTo be paid back: {{case.refund}}\n"
         "We will do so by: {{case.due}}\n\nKind regards\n{{shop.name}}"),
        moment=moments.ACCEPTED),
    "case_refused": Starter(
        N_("The return is refused"), EMAIL,
        ("Zgłoszenie {{case.number}}: odmowa",
         "Dzień dobry,\n\nniestety nie możemy uwzględnić zgłoszenia {{case.number}} do "
         "zamówienia {{order.number}}.\n\nPowód: {{case.refusal}}\n\nW razie pytań prosimy "
         "o kontakt: {{shop.email}}\n\nPozdrawiamy\n{{shop.name}}"),
        ("Your case {{case.number}}: refused",
         "Hello,\n\nwe are sorry that we cannot accept the case {{case.number}} of your order "
         "{{order.number}}.\n\nThe reason: {{case.refusal}}\n\nIf you have questions, write to "
         "us: {{shop.email}}\n\nKind regards\n{{shop.name}}"), moment=moments.REFUSED),
    "case_arrived": Starter(
        N_("The returned parcel is here"), EMAIL,
        ("Zwrot {{case.number}} dotarł do nas",
         "Dzień dobry,\n\nprzesyłka ze zgłoszenia {{case.number}} do zamówienia "
         "{{order.number}} dotarła do nas. Sprawdzimy towar i damy znać.\n\n{{case.lines}}\n\n"
         "Zrobimy to do: {{case.due}}\n\nPozdrawiamy\n{{shop.name}}"),
        ("Your return {{case.number}} has arrived",
         "Hello,\n\nthe parcel of your case {{case.number}}, order {{order.number}}, is here. We "
         "will look at the goods and let you know.\n\n{{case.lines}}\n\n"
         "We will do so by: {{case.due}}\n\nKind regards\n{{shop.name}}"),
        moment=moments.ARRIVED),
    "case_refunded": Starter(
        N_("The money went back"), EMAIL,
        ("Zwrot pieniędzy: {{case.number}}",
         "Dzień dobry,\n\nzwróciliśmy pieniądze za zgłoszenie {{case.number}} do zamówienia "
         "{{order.number}}.\n\nKwota: {{case.refund}}\n\nNa koncie powinny być w ciągu kilku dni "
         "roboczych.\n\nPozdrawiamy\n{{shop.name}}"),
        ("Your refund: {{case.number}}",
         "Hello,\n\nwe have paid back the money of your case {{case.number}}, order "
         "{{order.number}}.\n\nAmount: {{case.refund}}\n\nIt should be on your account within a "
         "few working days.\n\nKind regards\n{{shop.name}}"), moment=moments.REFUNDED),
    "case_answered": Starter(
        N_("The answer to a complaint"), EMAIL,
        ("Odpowiedź na reklamację {{case.number}}",
         "Dzień dobry,\n\nodpowiadamy na reklamację {{case.number}} do zamówienia "
         "{{order.number}}.\n\n{{case.answer}}\n\nPozdrawiamy\n{{shop.name}}"),
        ("Our answer to your complaint {{case.number}}",
         "Hello,\n\nthis is our answer to the complaint {{case.number}} about order "
         "{{order.number}}.\n\n{{case.answer}}\n\nKind regards\n{{shop.name}}"),
        moment=moments.ANSWERED),
    "case_swapped": Starter(
        N_("The exchange is made"), EMAIL,
        ("Wymiana {{case.number}}: zamówienie {{exchange.number}}",
         "Dzień dobry,\n\nw ramach wymiany {{case.number}} przygotowaliśmy zamówienie "
         "{{exchange.number}}:\n\n{{exchange.lines}}\n\nDo dopłaty: {{exchange.to_pay}}\n"
         "Zapłać tutaj: {{exchange.link}}\nNumer konta: {{exchange.account}}\n"
         "Tytuł przelewu: {{exchange.title}}\nZwrócimy: {{exchange.refund}}\n\n"
         "Wraca do nas:\n{{case.lines}}\n\nStan wymiany: {{case.link}}\n\n"
         "Pozdrawiamy\n{{shop.name}}"),
        ("Your exchange {{case.number}}: order {{exchange.number}}",
         "Hello,\n\nfor your exchange {{case.number}} we have made the order "
         "{{exchange.number}}:\n\n{{exchange.lines}}\n\nTo be paid: {{exchange.to_pay}}\n"
         "Pay here: {{exchange.link}}\nOur account: {{exchange.account}}\n"
         "Title of the transfer: {{exchange.title}}\nWe will pay back: {{exchange.refund}}\n\n"
         "What comes back to us:\n{{case.lines}}\n\nHow it is going: {{case.link}}\n\n"
         "Kind regards\n{{shop.name}}"), moment=moments.SWAPPED),
    "case_uncollected": Starter(
        N_("The parcel came back to us"), EMAIL,
        ("Przesyłka z zamówieniem {{order.number}} wróciła do nas",
         "Dzień dobry,\n\nprzesyłka z zamówieniem {{order.number}} nie została odebrana i wraca "
         "do nas:\n\n{{case.lines}}\n\nProsimy o wiadomość, czy wysłać ją jeszcze raz i pod jaki "
         "adres, czy zwrócić pieniądze.\n\nPozdrawiamy\n{{shop.name}}"),
        ("The parcel of your order {{order.number}} came back",
         "Hello,\n\nthe parcel of your order {{order.number}} was not collected and comes back to "
         "us:\n\n{{case.lines}}\n\nPlease tell us whether to send it again, and to which "
         "address, or to pay the money back.\n\nKind regards\n{{shop.name}}"),
        moment=moments.UNCOLLECTED),
    "case_asked": Starter(
        N_("A question about the return"), EMAIL,
        ("Pytanie do zgłoszenia {{case.number}}",
         "Dzień dobry,\n\naby rozpatrzyć zgłoszenie {{case.number}}, prosimy o zdjęcia towaru "
         "i opis tego, co się stało. Wystarczy odpowiedzieć na tę wiadomość.\n\n"
         "Pozdrawiamy\n{{shop.name}}"),
        ("A question about your case {{case.number}}",
         "Hello,\n\nto go on with the case {{case.number}} we need photos of the goods and a few "
         "words on what happened. Just answer this message.\n\nKind regards\n"
         "{{shop.name}}"), moment=moments.ANY),
    "sms": Starter(
        N_("SMS: the parcel has left"), SMS,
        ("", "{{shop.name}}: zamówienie {{order.number}} wysłane.\n"
             "{{delivery.carrier}} {{tracking.number}}"),
        ("", "{{shop.name}}: order {{order.number}} has left.\n"
             "{{delivery.carrier}} {{tracking.number}}"), plain=True),
}
