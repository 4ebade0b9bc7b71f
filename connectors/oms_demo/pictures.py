"""Pictures for products that do not exist: a calm tile with a simple shape, drawn with Pillow.

A motif is a list of strokes on a grid of 64 x 64; the tone is a word for the colour, taken from
the variant's option, so that a green mug is a green mug in every list.
"""

from __future__ import annotations

import colorsys
import io
import zlib
from collections.abc import Mapping, Sequence

from PIL import Image, ImageDraw

Stroke = tuple[str, tuple[float, ...]]

GRID = 64
_OVERSAMPLE = 3

# kind: "line" (open or closed path), "oval" (outline), "arc" (box, start and end in degrees),
# "dot" (filled oval)
MOTIFS: Mapping[str, Sequence[Stroke]] = {
    "cup": (
        ("line", (18, 20, 20, 46, 24, 49, 38, 49, 42, 46, 44, 20)),
        ("line", (15, 20, 47, 20)),
        ("arc", (38, 25, 54, 41, -85, 95)),
    ),
    "bottle": (
        ("line", (26, 12, 38, 12, 38, 20, 43, 27, 43, 52, 21, 52, 21, 27, 26, 20, 26, 12)),
        ("line", (21, 34, 43, 34)),
        ("line", (26, 20, 38, 20)),
    ),
    "kettle": (
        ("line", (18, 30, 16, 50, 46, 50, 44, 30, 18, 30)),
        ("line", (44, 38, 54, 28)),
        ("arc", (18, 10, 44, 44, 180, 360)),
        ("line", (28, 30, 30, 26, 32, 26, 34, 30)),
    ),
    "bowl": (
        ("line", (12, 28, 52, 28)),
        ("arc", (12, 4, 52, 52, 0, 180)),
        ("line", (25, 53, 39, 53)),
    ),
    "layers": (
        ("line", (32, 12, 53, 23, 32, 34, 11, 23, 32, 12)),
        ("line", (11, 32, 32, 43, 53, 32)),
        ("line", (11, 41, 32, 52, 53, 41)),
    ),
    "shirt": (
        ("line", (24, 13, 10, 21, 15, 32, 20, 29, 20, 52, 44, 52, 44, 29, 49, 32, 54, 21, 40, 13)),
        ("arc", (24, 5, 40, 21, 0, 180)),
    ),
    "sock": (
        ("line", (25, 11, 41, 11, 41, 34, 30, 51, 18, 53, 14, 46, 25, 34, 25, 11)),
        ("line", (25, 19, 41, 19)),
    ),
    "hat": (
        ("arc", (15, 16, 49, 58, 180, 360)),
        ("line", (12, 38, 52, 38, 52, 48, 12, 48, 12, 38)),
        ("oval", (28, 8, 36, 16)),
    ),
    "glove": (
        ("line", (20, 52, 20, 26, 24, 26, 24, 13, 30, 13, 30, 24, 35, 24, 35, 14, 41, 14, 41, 30,
                  49, 27, 51, 32, 41, 43, 41, 52, 20, 52)),
        ("line", (20, 45, 41, 45)),
    ),
    "candle": (
        ("line", (22, 28, 42, 28, 42, 53, 22, 53, 22, 28)),
        ("line", (32, 28, 32, 22)),
        ("line", (32, 8, 37, 16, 32, 22, 27, 16, 32, 8)),
    ),
    "puzzle": (
        ("line", (17.5, 20.5, 32.5, 20.5)), ("arc", (30, 11, 40, 21, 120, 420)),
        ("line", (37.5, 20.5, 52.5, 20.5, 52.5, 52, 17.5, 52, 17.5, 38.5)),
        ("arc", (8, 31, 18, 41, 30, 330)), ("line", (17.5, 33.5, 17.5, 20.5)),
    ),
    "flame": (
        ("line", (32, 9, 44, 25, 47, 38, 41, 50, 32, 54, 23, 50, 17, 38, 22, 28, 27, 32, 32, 9)),
        ("line", (32, 36, 37, 44, 32, 50, 27, 44, 32, 36)),
    ),
    "tent": (
        ("line", (32, 14, 54, 50, 10, 50, 32, 14)),
        ("line", (32, 30, 42, 50)), ("line", (32, 30, 22, 50)), ("line", (32, 14, 32, 9)),
    ),
    "pot": (
        ("line", (14, 24, 50, 24)), ("arc", (14, 0, 50, 50, 0, 180)),
        ("line", (21, 46, 17, 54)), ("line", (43, 46, 47, 54)),
        ("arc", (16, 8, 48, 40, 180, 360)),
    ),
    "axe": (
        ("line", (16, 54, 42, 18)),
        ("line", (34, 12, 50, 26, 41, 37, 29, 30, 27, 22, 34, 12)),
    ),
    "knife": (
        ("line", (10, 50, 26, 34, 31, 39, 15, 55, 10, 50)),
        ("line", (26, 34, 46, 12, 52, 12, 50, 22, 31, 39)),
    ),
    "lamp": (
        ("line", (22, 50, 42, 50, 40, 42, 24, 42, 22, 50)),
        ("line", (25, 42, 22, 30, 27, 20, 37, 20, 42, 30, 39, 42)),
        ("arc", (22, 8, 42, 30, 180, 360)), ("line", (32, 37, 35, 32, 32, 27, 29, 32, 32, 37)),
    ),
    "torch": (
        ("oval", (20, 24, 44, 48)), ("dot", (28, 32, 36, 40)),
        ("line", (32, 16, 32, 10)), ("line", (16, 22, 11, 17)), ("line", (48, 22, 53, 17)),
    ),
    "book": (
        ("line", (32, 18, 12, 14, 12, 46, 32, 51, 52, 46, 52, 14, 32, 18, 32, 51)),
        ("line", (18, 24, 26, 26)), ("line", (38, 26, 46, 24)),
    ),
    "map": (
        ("line", (11, 18, 25, 12, 39, 18, 53, 12, 53, 46, 39, 52, 25, 46, 11, 52, 11, 18)),
        ("line", (25, 12, 25, 46)), ("line", (39, 18, 39, 52)),
    ),
    "jar": (
        ("line", (20, 11, 44, 11, 44, 18, 20, 18, 20, 11)),
        ("line", (22, 18, 18, 25, 18, 53, 46, 53, 46, 25, 42, 18)),
        ("line", (18, 31, 46, 31)), ("line", (18, 45, 46, 45)),
    ),
    "leaf": (
        ("line", (14, 50, 14, 32, 24, 18, 50, 13, 46, 38, 34, 49, 20, 46)),
        ("line", (12, 53, 36, 28)),
    ),
    "bird": (
        ("line", (11, 26, 19, 22, 24, 15, 33, 16, 36, 25, 53, 45, 40, 46, 27, 50, 18, 43, 17, 30,
                  11, 26)),
        ("dot", (25, 20, 29, 24)), ("line", (27, 50, 27, 56)), ("line", (34, 48, 34, 56)),
    ),
    "house": (
        ("line", (12, 28, 32, 11, 52, 28)), ("line", (18, 24, 18, 52, 46, 52, 46, 24)),
        ("oval", (27, 27, 37, 37)), ("line", (32, 42, 32, 47)),
    ),
    "bag": (
        ("line", (17, 24, 47, 24, 50, 53, 14, 53, 17, 24)),
        ("arc", (23, 10, 41, 36, 180, 360)), ("line", (24, 38, 40, 38)),
    ),
    "compass": (
        ("oval", (11, 11, 53, 53)), ("line", (40, 24, 35, 35, 24, 40, 29, 29, 40, 24)),
    ),
    "fork": (
        ("line", (22, 10, 22, 54)), ("line", (15, 10, 15, 22, 22, 28, 29, 22, 29, 10)),
        ("line", (43, 54, 43, 34)), ("oval", (37, 10, 49, 34)),
    ),
}

# the beginning of a colour word -> (hue in degrees, saturation); Polish, as in the catalogue
_COLORS = {
    "granat": (222, 0.34), "niebies": (205, 0.36), "ziel": (140, 0.26), "oliw": (78, 0.24),
    "czerw": (4, 0.40), "rud": (18, 0.42), "brąz": (26, 0.30), "orzech": (26, 0.30),
    "miod": (40, 0.46), "mosięż": (44, 0.44), "musztard": (46, 0.50), "żółt": (50, 0.50),
    "fiolet": (280, 0.28), "beż": (36, 0.20), "krem": (42, 0.22), "biał": (210, 0.10),
    "szar": (214, 0.12), "stal": (208, 0.14), "czar": (220, 0.18), "buk": (30, 0.30),
    "jesion": (34, 0.26), "dęb": (28, 0.34), "lip": (48, 0.26), "lnian": (44, 0.20),
    "jasn": (52, 0.26),
}


def colour(words: str) -> tuple[int, float]:
    """Hue (0-359) and saturation (0-1) of the colour that words name, else a steady guess."""
    for word in reversed(words.lower().split()):
        for start, found in _COLORS.items():
            if word.startswith(start):
                return found
    return zlib.crc32(words.encode()) % 360, 0.22


def draw(motif: str, tone: str, size: int = 240) -> bytes:
    """A square PNG of ``size`` pixels: the motif on a tile in the colour that the tone names."""
    hue, saturation = colour(tone)
    paper = _rgb(hue, saturation * 0.55, 0.955)
    ink = _rgb(hue, min(saturation * 1.9, 0.62), 0.40)
    big = size * _OVERSAMPLE
    tile = Image.new("RGB", (big, big), paper)
    pen = ImageDraw.Draw(tile)
    scale = big / GRID
    width = round(2.4 * scale)
    # A soft disc under the shape, so that tiles do not look empty; it sits a little differently
    # for each tone, so that two sizes in one colour are still two pictures.
    aside = zlib.crc32(tone.encode())
    x, y = (4 + aside % 31 / 10) * scale, (4 + aside // 31 % 31 / 10) * scale
    wide = (GRID - 11) * scale
    pen.ellipse((x, y, x + wide, y + wide), fill=_rgb(hue, saturation * 0.75, 0.905))
    for kind, numbers in MOTIFS[motif]:
        _stroke(pen, kind, numbers, scale, width, ink)
    out = io.BytesIO()
    tile.reduce(_OVERSAMPLE).save(out, "PNG", compress_level=4)
    return out.getvalue()


def _stroke(pen: ImageDraw.ImageDraw, kind: str, numbers: tuple[float, ...], scale: float,
            width: int, ink: tuple[int, int, int]) -> None:
    if kind == "line":
        points = [(numbers[i] * scale, numbers[i + 1] * scale) for i in range(0, len(numbers), 2)]
        pen.line(points, fill=ink, width=width, joint="curve")
        for x, y in (points[0], points[-1]):
            pen.ellipse((x - width / 2, y - width / 2, x + width / 2, y + width / 2), fill=ink)
        return
    box = tuple(number * scale for number in numbers[:4])
    if kind == "arc":
        pen.arc(box, numbers[4], numbers[5], fill=ink, width=width)
    elif kind == "oval":
        pen.ellipse(box, outline=ink, width=width)
    else:
        pen.ellipse(box, fill=ink)


def _rgb(hue: int, saturation: float, lightness: float) -> tuple[int, int, int]:
    red, green, blue = colorsys.hls_to_rgb(hue / 360, lightness, saturation)
    return round(red * 255), round(green * 255), round(blue * 255)
