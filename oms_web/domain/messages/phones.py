"""Phone numbers as gateways want them (E.164): ``601 224 118`` from Poland -> ``+48601224118``.

Pure. A number that says its country keeps it; one that does not is read as one of the order's.
"""

from __future__ import annotations

import re

# Calling codes (ITU-T E.164) and what is dialled in front of a number inside the country.
_CODES: dict[str, tuple[str, str]] = {
    "PL": ("48", ""), "AT": ("43", "0"), "BE": ("32", "0"), "BG": ("359", "0"), "CH": ("41", "0"),
    "CY": ("357", ""), "CZ": ("420", ""), "DE": ("49", "0"), "DK": ("45", ""), "EE": ("372", ""),
    "ES": ("34", ""), "FI": ("358", "0"), "FR": ("33", "0"), "GB": ("44", "0"), "GR": ("30", ""),
    "HR": ("385", "0"), "HU": ("36", "06"), "IE": ("353", "0"), "IT": ("39", ""),
    "LT": ("370", "8"), "LU": ("352", ""), "LV": ("371", ""), "MT": ("356", ""),
    "NL": ("31", "0"), "NO": ("47", ""), "PT": ("351", ""), "RO": ("40", "0"), "SE": ("46", "0"),
    "SI": ("386", "0"), "SK": ("421", "0"), "UA": ("380", "0"),
}
_NOISE = re.compile(r"[\s().\-/]+")
_LEAST, _MOST = 8, 15


def e164(text: str, country: str) -> str:
    """The number with its country in front; empty if it cannot be one."""
    bare = _NOISE.sub("", text)
    code, trunk = _CODES.get(country or "PL", ("", ""))
    if bare.startswith("+"):
        digits = bare[1:]
    elif bare.startswith("00"):
        digits = bare[2:]
    elif country in ("", "PL") and len(bare) == 11 and bare.startswith("48"):
        digits = bare
    elif not code:
        return ""
    else:
        digits = code + (bare.removeprefix(trunk) if trunk else bare)
    if not (digits.isascii() and digits.isdigit() and _LEAST <= len(digits) <= _MOST) \
            or digits[0] == "0":
        return ""
    if digits.startswith("48") and len(digits) != 11:
        return ""
    return f"+{digits}"
