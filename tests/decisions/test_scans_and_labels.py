"""A scan with a new code is told by its words; a label that is not whole is not printed."""

from __future__ import annotations

from base64 import b64encode

import pytest
from oms_connector import ChannelDown
from oms_connector.labels import label_from
from oms_connector.scans import meaning


@pytest.mark.parametrize(("said", "state"), [
    ("Przesyłka zarejestrowana w systemie nadawcy", "announced"),
    ("Nadanie", "accepted"), ("przesyłka odebrana od nadawcy", "accepted"),
    ("przesyłka dotarła do oddziału", "moving"), ("Wysłanie z placówki", "moving"), ("", "moving"),
    ("Wydanie do doręczenia", "out"), ("przesyłka przekazana kurierowi do doręczenia", "out"),
    ("Awizo", "waiting"), ("przesyłka oczekuje na odbiór w DHL POP", "waiting"),
    ("Gotowa do odbioru", "waiting"),
    ("przesyłka doręczona do odbiorcy", "delivered"), ("Odebrana przez klienta", "delivered"),
    ("próba doręczenia zakończona niepowodzeniem", "exception"),
    ("przesyłka błędnie zaadresowana", "exception"), ("Doręczenie odmowa przyjęcia", "exception"),
    ("Zwrot do nadawcy", "returning"), ("przesyłka zwrócona do nadawcy", "returning"),
])
def test_words_tell_how_far_a_parcel_is(said, state):
    assert meaning(said) == state


PDF, ZPL = b"%PDF-1.4\nlabel\n%%EOF\n", b"^XA^FDx^FS^XZ\n^XA^FDy^FS^XZ\n"


@pytest.mark.parametrize(("content", "format", "is_whole"), [
    (PDF, "pdf_a6", True), (ZPL, "zpl", True), (PDF[:-8], "pdf_a6", False),
    (ZPL[:10], "zpl", False), (PDF, "zpl", False), (ZPL, "pdf_a6", False), (b"", "pdf_a6", False),
])
def test_a_label_is_whole_or_none(content, format, is_whole):
    sent = b64encode(content).decode()
    if is_whole:
        assert label_from(sent, format) == content
        return
    with pytest.raises(ChannelDown):
        label_from(sent, format)


def test_what_is_no_base64_is_no_label():
    with pytest.raises(ChannelDown):
        label_from("%%%", "pdf_a6")
