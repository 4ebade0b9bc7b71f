"""Barcodes as SVG drawings, sized so that an office printer's copy scans.

A module is 0.33 mm wide (the nominal size of EAN; thinner ones failed to read at 200 dpi), with
the quiet zones that the standards ask for.
"""

from __future__ import annotations

from barcode.codex import Code128
from barcode.ean import EAN8, EAN13
from barcode.errors import BarcodeError
from markupsafe import Markup

from oms_web.domain.catalog.codes import canonical, is_gtin

MODULE_MM = 0.33
_QUIET = 10


def code128(text: str, height_mm: float = 12) -> Markup:
    """Any short ASCII text as Code 128; nothing when it cannot be written so."""
    try:
        bars = Code128(text).build()[0]
    except (BarcodeError, KeyError, ValueError):
        return Markup("")
    return _svg(bars, height_mm, text)


def ean(code: str, height_mm: float = 9) -> Markup:
    """A trade number as EAN-13 or EAN-8, anything else as Code 128."""
    known = canonical(code)
    if is_gtin(known) and len(known) in (8, 13):
        kind = EAN13 if len(known) == 13 else EAN8
        return _svg(kind(known).build()[0], height_mm, known)
    return code128(code, height_mm)


def _svg(bars: str, height_mm: float, says: str) -> Markup:
    """Black runs of a row of modules as one path; ``says`` is for those who do not see it."""
    width = len(bars) + 2 * _QUIET
    path, at = [], 0
    while at < len(bars):
        run = 1
        while at + run < len(bars) and bars[at + run] == bars[at]:
            run += 1
        if bars[at] != "0":
            path.append(f"M{at + _QUIET} 0h{run}v1h-{run}z")
        at += run
    return Markup(
        '<svg class="barcode" role="img" viewBox="0 0 {width} 1" width="{mm:.2f}mm" '
        'height="{height}mm" preserveAspectRatio="none"><title>{says}</title>'
        '<path d="{path}"/></svg>'
    ).format(width=width, mm=width * MODULE_MM, height=height_mm, path="".join(path),
             says=says)
