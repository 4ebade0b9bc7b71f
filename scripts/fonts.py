"""Cut the letters of Central Europe out of the font's second file: 15 kB instead of 85.

    python scripts/fonts.py

Nearly every page has a Polish letter, and hardly any has the phonetic and Vietnamese ones that the
same file brings along. Style sheets name both: a browser fetches the large one only for a letter
that the small one lacks, or where the small one was never made. Runs after ``frontend.py``, in the
environment, since it needs fontTools.
"""

from __future__ import annotations

from pathlib import Path

from fontTools import subset

VENDOR = Path(__file__).resolve().parent.parent / "static" / "vendor"
WHOLE = VENDOR / "inter-latin-ext.woff2"
PART = VENDOR / "inter-central.woff2"
# Latin Extended-A, and the letters of Romanian; ``static/css/tokens.css`` says the same.
LETTERS = (*range(0x100, 0x180), *range(0x218, 0x21C))


def main() -> None:
    """Write ``inter-central.woff2`` beside the file it is cut from."""
    options = subset.Options(flavor="woff2", layout_features=["*"])
    font = subset.load_font(WHOLE, options)
    cutter = subset.Subsetter(options)
    cutter.populate(unicodes=LETTERS)
    cutter.subset(font)
    subset.save_font(font, PART, options)


if __name__ == "__main__":
    main()
