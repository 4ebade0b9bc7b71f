"""Cut the font down to what screens show: 45 kB instead of 133.

    python scripts/fonts.py

Screens use weights from 400 to 700, and of the many letters that the second file brings along
nearly every page has a Polish one and hardly any a phonetic or Vietnamese one. Style sheets name
the cut files and the whole ones: a browser fetches a whole one only for a letter that the cut ones
lack, or where they were never made. Runs after ``frontend.py``, in the environment, since it needs
fontTools.
"""

from __future__ import annotations

import io
from pathlib import Path

from fontTools import subset
from fontTools.ttLib import TTFont
from fontTools.varLib import instancer

VENDOR = Path(__file__).resolve().parent.parent / "static" / "vendor"
WEIGHTS = (400, 400, 700)
# Latin Extended-A, and the letters of Romanian; ``static/css/tokens.css`` says the same.
CENTRAL = (*range(0x100, 0x180), *range(0x218, 0x21C))
# What is made -> what it is cut from, and the letters it keeps (None: all).
CUTS: dict[str, tuple[str, tuple[int, ...] | None]] = {
    "inter-basic.woff2": ("inter-latin.woff2", None),
    "inter-central.woff2": ("inter-latin-ext.woff2", CENTRAL),
}


def cut(target: str, source: str, letters: tuple[int, ...] | None) -> None:
    """Write one cut file beside the whole one."""
    options = subset.Options(flavor="woff2", layout_features=["*"])
    font = TTFont(VENDOR / source)
    cutter = subset.Subsetter(options)
    cutter.populate(unicodes=letters or font.getBestCmap())
    cutter.subset(font)
    whole = io.BytesIO()
    font.save(whole)  # the two ways of cutting keep notes that do not agree
    subset.save_font(instancer.instantiateVariableFont(TTFont(whole), {"wght": WEIGHTS}),
                     VENDOR / target, options)


def main() -> None:
    """Cut them all."""
    for target, (source, letters) in CUTS.items():
        cut(target, source, letters)


if __name__ == "__main__":
    main()
