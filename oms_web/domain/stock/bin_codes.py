"""Many bins typed at once: ``A-01..A-20, B-01``."""

from __future__ import annotations

import re

from oms_web.core.errors import Invalid

MOST = 2000
_RANGE = re.compile(r"(?P<stem>.*?)(?P<first>\d+)\s*\.\.+\s*(?P=stem)?(?P<last>\d+)")


def expand(text: str) -> list[str]:
    """The codes that were typed, one by one, separated by commas, semicolons or lines.

    ``A-08..A-11`` and ``A-08..11`` are four codes; numbers keep the width of the first one.

    Raises:
        Invalid: a range runs backwards, or there are too many.
    """
    codes: list[str] = []
    for part in re.split(r"[,;\n]+", text):
        found = _RANGE.fullmatch(part.strip())
        if found is None:
            codes += [part.strip()] if part.strip() else []
            continue
        first, last = int(found["first"]), int(found["last"])
        if last < first:
            raise Invalid("%(range)s runs backwards.", "codes", range=part.strip())
        if last - first >= MOST:
            raise Invalid("At most %(most)s bins can be added at once.", "codes", most=MOST)
        width = len(found["first"])
        codes += [f"{found['stem']}{number:0{width}}" for number in range(first, last + 1)]
    if len(codes) > MOST:
        raise Invalid("At most %(most)s bins can be added at once.", "codes", most=MOST)
    return list(dict.fromkeys(codes))
