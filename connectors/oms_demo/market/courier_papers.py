"""What the carrier prints: labels as PDF (A6) and ZPL with a Code 128 each, and the protocol.

The PDF is written by hand, a page of plain text and rectangles for each package, so that the same
booking gives the same bytes for ever. Letters are without diacritics: the fonts that every printer
has know none of ours.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from barcode.codex import Code128

A4, A6 = (595, 842), (298, 420)
_PLAIN = str.maketrans("łŁøØ", "lLoO")


def label_pdf(booking: Mapping[str, Any]) -> bytes:
    """One A6 page for each package."""
    return _pdf(A6, [_label(booking, place) for place in range(len(booking["packages"]))])


def label_zpl(booking: Mapping[str, Any]) -> bytes:
    """One block for each package, 203 dpi."""
    blocks = []
    for place, number in enumerate(booking["tracking"]):
        lines = "".join(f"^FO30,{40 + 40 * row}^A0N,32,32^FD{_zpl(text)}^FS"
                        for row, text in enumerate(_lines(booking, place)))
        blocks.append(f"^XA^PW812^LL1218{lines}"
                      f"^FO60,820^BY3^BCN,200,Y,N,N^FD{_zpl(number)}^FS^XZ\n")
    return "".join(blocks).encode("ascii")


def protocol_pdf(bookings: Sequence[Mapping[str, Any]]) -> bytes:
    """What the courier signs."""
    rows = [f"{one['tracking'][0]}   {one['receiver']['postcode']} {one['receiver']['city']}   "
            f"{len(one['packages'])} szt." for one in bookings]
    text = ["Protokol przekazania przesylek - Golab", f"Przesylek: {len(rows)}", "", *rows, "",
            "Podpis kuriera: ........................"]
    return _pdf(A4, [_text(text, 50, 790, 11)])


def _lines(booking: Mapping[str, Any], place: int) -> list[str]:
    to, sender = booking["receiver"], booking["sender"]
    found = [
        f"GOLAB {booking['service'].upper()}  {place + 1}/{len(booking['packages'])}",
        "", f"Do: {to['name'] or to['company']}", to["street"], f"{to['postcode']} {to['city']}",
        f"tel. {to['phone']}",
    ]
    if booking["point"]:
        found.append(f"AUTOMAT {booking['point']}")
    if booking["cod"]:
        found.append(f"POBRANIE {booking['cod']} {booking['currency']}")
    found += ["", f"Od: {sender['name'] or sender['company']}",
              f"{sender['postcode']} {sender['city']}", booking["note"],
              f"{booking['packages'][place]['weight_g']} g"]
    return [_plain(line) for line in found]


def _label(booking: Mapping[str, Any], place: int) -> str:
    number = booking["tracking"][place]
    bars = Code128(number).build()[0]
    wide = 250 / len(bars)
    drawn = [f"{24 + at * wide:.2f} 60 {wide:.2f} 70 re" for at, bar in enumerate(bars)
             if bar == "1"]
    return _text(_lines(booking, place), 20, 390, 11) + "\n".join(drawn) + " f\n" \
        + _text([number], 90, 44, 11)


def _text(lines: Iterable[str], left: int, top: int, size: int) -> str:
    shown = "".join(f"({_escaped(_plain(line))}) Tj T*\n" for line in lines)
    return f"BT /F1 {size} Tf {size + 4} TL {left} {top} Td\n{shown}ET\n"


def _pdf(size: tuple[int, int], pages: Sequence[str]) -> bytes:
    kids = " ".join(f"{4 + 2 * number} 0 R" for number in range(len(pages)))
    objects = [
        "<< /Type /Catalog /Pages 2 0 R >>",
        f"<< /Type /Pages /Kids [{kids}] /Count {len(pages)} >>",
        "<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica /Encoding /WinAnsiEncoding >>",
    ]
    for number, page in enumerate(pages):
        objects += [
            f"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 {size[0]} {size[1]}] "
            f"/Resources << /Font << /F1 3 0 R >> >> /Contents {5 + 2 * number} 0 R >>",
            f"<< /Length {len(page)} >>\nstream\n{page}endstream",
        ]
    out, places = "%PDF-1.4\n", []
    for number, body in enumerate(objects, start=1):
        places.append(len(out))
        out += f"{number} 0 obj\n{body}\nendobj\n"
    table = "".join(f"{place:010d} 00000 n \n" for place in places)
    return (f"{out}xref\n0 {len(objects) + 1}\n0000000000 65535 f \n{table}"
            f"trailer\n<< /Size {len(objects) + 1} /Root 1 0 R >>\n"
            f"startxref\n{len(out)}\n%%EOF\n").encode("ascii")


def _plain(text: str) -> str:
    whole = unicodedata.normalize("NFKD", text.translate(_PLAIN))
    return whole.encode("ascii", "ignore").decode()


def _escaped(text: str) -> str:
    return text.replace("\\", r"\\").replace("(", r"\(").replace(")", r"\)")


def _zpl(text: str) -> str:
    return _plain(text).replace("^", " ").replace("~", " ")
