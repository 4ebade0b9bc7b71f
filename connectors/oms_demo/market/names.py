"""Words that invented buyers are put together from, by chance."""

from __future__ import annotations

import unicodedata
from typing import NamedTuple

FIRST_NAMES = (
    "Katarzyna", "Piotr", "Agnieszka", "Michał", "Ewa", "Tomasz", "Zuzanna", "Stanisław",
    "Magdalena", "Joanna", "Robert", "Barbara", "Łukasz", "Paweł", "Małgorzata", "Grażyna",
    "Krzysztof", "Aleksandra", "Jakub", "Natalia", "Marcin", "Karolina", "Wojciech", "Monika",
    "Adam", "Hanna", "Rafał", "Dorota", "Szymon", "Iwona", "Bartosz", "Julia", "Kamil", "Oliwia",
    "Grzegorz", "Weronika", "Dariusz", "Beata", "Sebastian", "Helena",
)
# masculine form; the feminine is made from it
SURNAMES = (
    "Wiśniewski", "Zieliński", "Dąbrowski", "Wójcik", "Piątek", "Mazur", "Kaczmarek",
    "Szczepański", "Lis", "Wróbel", "Pawlak", "Jasiński", "Brzozowski", "Sikora", "Górski",
    "Witkowski", "Walczak", "Rutkowski", "Baran", "Kozłowski", "Jaworski", "Malinowski",
    "Krajewski", "Zając", "Wieczorek", "Olszewski", "Jabłoński", "Głowacki", "Czerwiński",
    "Świątek", "Żak", "Łukasik", "Ćwikła", "Słowik", "Drozd", "Kurek", "Borówka", "Leśniak",
    "Źródłowski", "Gąsior",
)
# city, the first three digits of its postcodes
CITIES = (
    ("Warszawa", "021"), ("Warszawa", "047"), ("Kraków", "301"), ("Łódź", "904"),
    ("Wrocław", "502"), ("Poznań", "608"), ("Gdańsk", "803"), ("Gdynia", "813"),
    ("Szczecin", "704"), ("Bydgoszcz", "850"), ("Lublin", "204"), ("Białystok", "153"),
    ("Katowice", "400"), ("Toruń", "871"), ("Rzeszów", "350"), ("Kielce", "253"),
    ("Olsztyn", "105"), ("Opole", "450"), ("Zielona Góra", "653"), ("Nowy Sącz", "333"),
    ("Bielsko-Biała", "433"), ("Suwałki", "164"), ("Zamość", "224"), ("Jelenia Góra", "585"),
    ("Zakopane", "345"), ("Elbląg", "823"), ("Kłodzko", "573"), ("Hajnówka", "172"),
)
STREETS = (
    "ul. Jarzębinowa", "ul. Leśna", "ul. Polna", "ul. Słoneczna", "ul. Krótka", "ul. Lipowa",
    "ul. Brzozowa", "ul. Kościelna", "ul. Ogrodowa", "ul. Powstańców Śląskich", "ul. Świdnicka",
    "ul. Mickiewicza", "ul. Żeromskiego", "os. Tysiąclecia", "al. Wojska Polskiego", "ul. Młyńska",
    "ul. Rzemieślnicza", "ul. Nadrzeczna", "ul. Zamkowa", "ul. Dębowa", "plac Wolności",
    "ul. Sienkiewicza", "ul. Źródlana", "ul. Łąkowa",
)
COMPANIES = (
    "Pensjonat Pod Świerkami", "Zakład Usług Leśnych „Dąbrowa”", "Szkoła Przetrwania Bór",
    "Kawiarnia Zielony Imbryk", "Nadleśny Catering", "Agroturystyka Trzy Jodły",
    "Biuro Rachunkowe Groszek", "Studio Graficzne Kreda", "Klub Turystyczny Azymut",
    "Przedszkole Leśne Skrzaty", "Hurtownia Upominków Bocian", "Fundacja Czysty Potok",
)
COMPANY_FORMS = ("sp. z o.o.", "s.c.", "sp.j.", "")


class Land(NamedTuple):
    """Names, (city, postcode), streets ({n} is the house number), phones; # is a digit."""

    names: tuple[str, ...]
    cities: tuple[tuple[str, str], ...]
    streets: tuple[str, ...]
    phone: str


ABROAD: dict[str, Land] = {
    "DE": Land(
        names=("Jürgen Straßmann", "Anke Kühnel", "Lukas Vogelsang",
               "Friederike Möllering", "Björn Birkenfeld", "Heike Straub"),
        cities=(("Dresden", "010##"), ("Leipzig", "041##"), ("Görlitz", "028##"),
                ("Berlin", "104##"), ("Köln", "506##")),
        streets=("Lindenweg {n}", "Waldstraße {n}", "Am Mühlbach {n}", "Gartenstraße {n}"),
        phone="+49 151 ########",
    ),
    "CZ": Land(
        names=("Jiří Horáček", "Kateřina Dvořáková", "Ondřej Šimek", "Zdeňka Řezníčková"),
        cities=(("Brno", "602 ##"), ("Ostrava", "702 ##"), ("Olomouc", "779 ##"),
                ("Praha", "130 ##")),
        streets=("Lesní {n}", "Na Potoce {n}", "Zahradní {n}"),
        phone="+420 60# ### ###",
    ),
    "SK": Land(
        names=("Ľubica Kováčová", "Peter Hudák", "Zuzana Lišková"),
        cities=(("Žilina", "010 ##"), ("Poprad", "058 ##"), ("Košice", "040 ##")),
        streets=("Horská {n}", "Jarná {n}", "Pod lesom {n}"), phone="+421 90# ### ###",
    ),
    "FR": Land(
        names=("Hélène Desmoulins", "François Laforêt", "Maëlle Béranger"),
        cities=(("Lille", "590##"), ("Strasbourg", "670##"), ("Lyon", "690##")),
        streets=("{n} rue des Érables", "{n} chemin du Moulin", "{n} rue de l'Église"),
        phone="+33 6 ## ## ## ##",
    ),
    "AT": Land(
        names=("Matthias Ölzinger", "Elfriede Waldburger"),
        cities=(("Graz", "80##"), ("Linz", "40##")),
        streets=("Bergstraße {n}", "Tannenweg {n}"), phone="+43 660 #######",
    ),
    "LT": Land(
        names=("Rūta Ąžuolaitė", "Žygimantas Girininkas"),
        cities=(("Vilnius", "0####"), ("Kaunas", "4####")),
        streets=("Miško g. {n}", "Žaliųjų g. {n}"), phone="+370 6## #####",
    ),
}

NOTES = (
    "Proszę zapakować osobno, to prezent.",
    "To prezent, proszę nie wkładać paragonu.",
    "Proszę dzwonić przed doręczeniem, domofon nie działa.",
    "Czy da się wysłać jeszcze dziś?",
    "Proszę zostawić u sąsiadów pod 4.",
    "Kod do bramy 2580, paczkę można zostawić na werandzie.",
    "Dziękuję, poprzednie zamówienie doszło idealnie :)",
    "Zależy mi na równych kolorach, jeśli to możliwe.",
)
NOTES_ABROAD = (
    "Bitte als Geschenk verpacken, danke!", "Please no invoice in the parcel, it is a gift.",
)
ENGRAVINGS = ("Zosia", "Dziadek Staś", "Mama", "Bruno", "Łucja i Jan", "Tato", "Żaneta")

PAYMENT_METHODS = ("BLIK", "BLIK", "BLIK", "Karta", "Szybki przelew", "Apple Pay")


def ascii_letters(text: str) -> str:
    """The bare Latin letters of a name: ``Żaneta`` -> ``Zaneta``."""
    apart = unicodedata.normalize("NFKD", text.replace("ł", "l").replace("Ł", "L"))
    return "".join(ch for ch in apart if ch.isascii() and ch.isalpha())
