"""Compile the translations: every ``messages.po`` becomes a ``messages.mo`` beside it.

    python scripts/catalogues.py
"""

from __future__ import annotations

import os
from pathlib import Path

from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po

LOCALE = Path(__file__).resolve().parents[1] / "oms_web" / "locale"


def compile_catalogues(folder: Path) -> int:
    """Write the compiled catalogues; how many there are. Fuzzy entries are left out."""
    sources = sorted(folder.glob("*/LC_MESSAGES/*.po"))
    for source in sources:
        with source.open("rb") as text:
            catalogue = read_po(text, locale=source.parts[-3])
        aside = source.with_suffix(".mo.new")
        with aside.open("wb") as compiled:
            write_mo(compiled, catalogue)
        os.replace(aside, source.with_suffix(".mo"))
    return len(sources)


if __name__ == "__main__":
    print(f"{compile_catalogues(LOCALE)} translations compiled")
