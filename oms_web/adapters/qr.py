"""QR codes as SVG drawings (ISO/IEC 18004), with the quiet zone that the standard asks for."""

from __future__ import annotations

import io

import segno
from markupsafe import Markup

_QUIET = 4


def qr(text: str, module_mm: float = 0.5) -> Markup:
    """A text as a QR code whose modules are so wide; office printers and phones read half of it."""
    code = segno.make_qr(text, error="m")
    side = code.symbol_size(border=_QUIET)[0]
    drawn = io.BytesIO()
    code.save(drawn, kind="svg", border=_QUIET, xmldecl=False, svgns=True, omitsize=True,
              svgclass="qr", lineclass=None)
    mm = f"{side * module_mm:.2f}mm"
    # Its own sentence and size; the drawing is the library's, out of nothing but digits.
    return Markup(drawn.getvalue().decode().replace(  # noqa: S704
        "<svg ", f'<svg width="{mm}" height="{mm}" role="img" ', 1))
