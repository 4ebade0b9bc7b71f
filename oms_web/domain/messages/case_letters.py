"""Letters of cases that the law asks for, or that need no template: in fixed words. Pure.

The acknowledgement of a withdrawal repeats the statement with date and time, on a durable medium,
at once (directive 2011/83/EU, art. 11a(4)).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from oms_web.domain.messages import placeholders
from oms_web.domain.messages.placeholders import fill, fill_line
from oms_web.domain.messages.starters import STARTERS
from oms_web.domain.messages.wording import Rendered

LINK, WITHDRAWN, NOTED, RECEIVED, ANSWERED, LABEL, SWAPPED = (
    "link", "withdrawn", "noted", "received", "answered", "label", "swapped",
)

_WORDS: Mapping[str, Mapping[str, tuple[str, str]]] = {
    LINK: {
        "pl": ("Zwrot lub reklamacja zamówienia {{number}}",
               "Dzień dobry,\n\nzwrot, odstąpienie od umowy i reklamację zamówienia {{number}} "
               "zgłosisz tutaj:\n{{link}}\n\nJeśli to nie Ty o to prosisz, zignoruj tę "
               "wiadomość.\n\n{{shop}}"),
        "en": ("Return or complaint about order {{number}}",
               "Hello,\n\nsend something of order {{number}} back, withdraw from the contract or "
               "complain here:\n{{link}}\n\nIf it was not you who asked, ignore this "
               "message.\n\n{{shop}}"),
    },
    WITHDRAWN: {
        "pl": ("Potwierdzenie odstąpienia od umowy {{case}}",
               "Dzień dobry,\n\npotwierdzamy, że {{at}} otrzymaliśmy oświadczenie o odstąpieniu "
               "od umowy.\n\nNumer zgłoszenia: {{case}}\nImię i nazwisko: {{name}}\n"
               "Zamówienie: {{number}}\nTowary:\n{{lines}}\nKontakt: {{email}}\n\n"
               "Prawo nie przewiduje odstąpienia dla: {{excepted}}\n\n"
               "Skrót zapisu (SHA-256): {{digest}}\n\nTowar prosimy odesłać w ciągu 14 dni na "
               "adres:\n{{address}}\n{{how}}\n\nPieniądze zwrócimy w ciągu 14 dni od "
               "otrzymania oświadczenia; możemy zaczekać na towar lub dowód jego odesłania.\n\n"
               "{{shop}}"),
        "en": ("Your withdrawal {{case}} was received",
               "Hello,\n\nwe confirm that on {{at}} we received your statement of withdrawal from "
               "the contract.\n\nNumber of the case: {{case}}\nName: {{name}}\n"
               "Order: {{number}}\nGoods:\n{{lines}}\nContact: {{email}}\n\n"
               "The law knows no withdrawal from: {{excepted}}\n\n"
               "Hash of the record (SHA-256): {{digest}}\n\nPlease send the goods back within 14 "
               "days to:\n{{address}}\n{{how}}\n\nWe will pay back within 14 days of your "
               "statement; we may wait for the goods or for proof that they were sent.\n\n"
               "{{shop}}"),
    },
    NOTED: {
        "pl": ("Potwierdzenie odstąpienia od umowy {{case}}",
               "Dzień dobry,\n\npotwierdzamy, że {{at}} otrzymaliśmy oświadczenie o odstąpieniu "
               "od umowy.\n\nNumer zgłoszenia: {{case}}\nImię i nazwisko: {{name}}\n"
               "Zamówienie: {{number}}\nTowary:\n{{lines}}\nKontakt: {{email}}\n\n"
               "{{follows}}\n\nSkrót zapisu (SHA-256): {{digest}}\n\n{{shop}}"),
        "en": ("Your withdrawal {{case}} was received",
               "Hello,\n\nwe confirm that on {{at}} we received your statement of withdrawal from "
               "the contract.\n\nNumber of the case: {{case}}\nName: {{name}}\n"
               "Order: {{number}}\nGoods:\n{{lines}}\nContact: {{email}}\n\n"
               "{{follows}}\n\nHash of the record (SHA-256): {{digest}}\n\n{{shop}}"),
    },
    RECEIVED: {
        "pl": ("Otrzymaliśmy zgłoszenie {{case}}",
               "Dzień dobry,\n\n{{at}} otrzymaliśmy zgłoszenie {{case}} do zamówienia "
               "{{number}}.\n\n{{lines}}\n\nW zamian: {{instead}}\n\n{{story}}\n\n"
               "Odpowiemy do: {{due}}\n"
               "Adres zwrotu:\n{{address}}\n{{how}}\n\n{{shop}}"),
        "en": ("We received your case {{case}}",
               "Hello,\n\non {{at}} we received the case {{case}} of order {{number}}.\n\n"
               "{{lines}}\n\nInstead: {{instead}}\n\n{{story}}\n\nWe will answer by: {{due}}\n"
               "Where to send the goods:\n{{address}}\n{{how}}\n\n{{shop}}"),
    },
    LABEL: {
        "pl": ("Etykieta do zwrotu {{case}}",
               "Dzień dobry,\n\netykietę, którą odeślesz towar ({{case}}), pobierzesz tutaj:\n"
               "{{link}}\n\nPrzewoźnik: {{carrier}}\nNumer przesyłki: {{tracking}}\n\n"
               "{{shop}}"),
        "en": ("Your return label {{case}}",
               "Hello,\n\nthe label to send the goods back with ({{case}}) is here:\n"
               "{{link}}\n\nCarrier: {{carrier}}\nTracking number: {{tracking}}\n\n{{shop}}"),
    },
    SWAPPED: {
        "pl": STARTERS["case_swapped"].pl, "en": STARTERS["case_swapped"].en,
    },
    ANSWERED: {
        "pl": ("Odpowiedź na reklamację {{case}}",
               "Dzień dobry,\n\nodpowiadamy na reklamację {{case}} do zamówienia "
               "{{number}}.\n\n{{answer}}\n\n{{shop}}"),
        "en": ("Our answer to your complaint {{case}}",
               "Hello,\n\nthis is our answer to the complaint {{case}} about order "
               "{{number}}.\n\n{{answer}}\n\n{{shop}}"),
    },
}
_FOLLOWS: Mapping[str, tuple[str, str]] = {  # what becomes of a statement -> Polish, English
    "unsent": ("Towaru jeszcze nie wysłaliśmy, więc nie ma czego odsyłać. Pieniądze zwrócimy w "
               "ciągu 14 dni od otrzymania oświadczenia.",
               "The goods have not left yet, so there is nothing to send back. We will pay back "
               "within 14 days of your statement."),
    "turned": ("Towar obejmowała już ta sprawa; prowadzimy ją teraz jako odstąpienie od umowy. "
               "Pieniądze zwrócimy w ciągu 14 dni od otrzymania oświadczenia; możemy zaczekać na "
               "towar lub dowód jego odesłania.",
               "The goods were in this case already; it goes on as a withdrawal now. We will pay "
               "back within 14 days of your statement; we may wait for the goods or for proof "
               "that they were sent."),
    "held": ("Towar obejmuje już ta sprawa: nie trzeba go zgłaszać drugi raz.",
             "The goods are in this case already: there is no need to declare it again."),
    "excepted": ("Według naszych danych ustawa nie przewiduje odstąpienia od umowy dla tych "
                 "towarów (art. 38 ustawy o prawach konsumenta). Oświadczenie zapisaliśmy i "
                 "odpowiemy na nie.",
                 "By what we know, the law knows no withdrawal from the sale of these goods "
                 "(art. 16 of directive 2011/83/EU). We have recorded your statement and will "
                 "answer it."),
    "nothing": ("Według naszych danych pieniądze za te towary zostały już zwrócone. Oświadczenie "
                "zapisaliśmy i sprawdzimy.",
                "By what we know, the money for these goods has gone back already. We have "
                "recorded your statement and will check it."),
}
NAMES: Mapping[str, str] = {
    LINK: "case link", WITHDRAWN: "withdrawal received", NOTED: "withdrawal noted",
    RECEIVED: "case received", ANSWERED: "complaint answered", LABEL: "return label",
    SWAPPED: "exchange made",
}
"""How the messages are called in our own list."""


def render(letter: str, language: str, values: Mapping[str, str]) -> Rendered:
    """A letter with its values; a line whose values are all empty is left out.

    What a buyer typed is filled in afterwards and never read for fields again.
    """
    subject, text = _WORDS[letter]["en" if language == "en" else "pl"]
    return Rendered(language, fill_line(subject, values), fill(text, values).strip())


def follows(effect: str, language: str) -> str:
    """What follows from a statement of withdrawal; empty where its letter says so itself."""
    return _FOLLOWS.get(effect, ("", ""))[language == "en"]


def named(letter: str) -> frozenset[str]:
    """The fields that a letter names."""
    return placeholders.named(*(part for words in _WORDS[letter].values() for part in words))


_OUTCOMES: Mapping[str, tuple[str, str]] = {  # what a complaint was answered with
    "repair": ("Uznajemy reklamację: naprawimy towar.",
               "We accept your complaint: the goods will be repaired."),
    "replace": ("Uznajemy reklamację: wymienimy towar na nowy.",
                "We accept your complaint: the goods will be replaced."),
    "reduce": ("Uznajemy reklamację: obniżamy cenę o {amount} i zwracamy tę kwotę.",
               "We accept your complaint: the price is lowered by {amount}, which goes back to "
               "you."),
    "refund": ("Uznajemy reklamację: zwracamy pieniądze za reklamowany towar.",
               "We accept your complaint: the money for the goods goes back to you."),
    "": ("Nie uznajemy reklamacji.", "We do not accept your complaint."),
}
_DISPUTE = (
    "Jeśli nie zgadzasz się z tą decyzją: wyrażamy zgodę na udział w postępowaniu w sprawie "
    "pozasądowego rozwiązania sporu konsumenckiego przed wojewódzkim inspektorem Inspekcji "
    "Handlowej właściwym dla naszej siedziby.",
    "If you do not agree: we consent to the out-of-court settlement of this consumer dispute by "
    "the Trade Inspection (Inspekcja Handlowa) of the province of our seat.")


def dispute(language: str) -> str:
    """What a consumer whose complaint is refused is told about settling it out of court: to begin
    with consent, which silence means, too (ustawa z 23 września 2016 r. o pozasądowym rozwiązywaniu
    sporów konsumenckich, art. 32).
    """
    return _DISPUTE[language == "en"]


def answer(outcome: str, lowered: str, text: str, language: str) -> str:
    """An answer to a complaint: its outcome, by how much the price is lowered, its words."""
    said = _OUTCOMES[outcome][language == "en"].format(amount=lowered)
    return f"{said}\n\n{text}"


def goods(lines: Sequence[tuple[int, str]]) -> str:
    """What it is about: a line for each, ``2 × Kubek``."""
    return "\n".join(f"{units} × {title}" for units, title in lines)
