"""Pictures from outside: proven to be pictures, made small, and written anew by us.

What is stored was encoded here, so it carries no metadata (position, camera, thumbnails of what was
cut off), no second file behind the picture, and no script: SVG and everything else that is not a
photograph format is refused, whatever its name or declared type says.
"""

from __future__ import annotations

import io
import warnings
from dataclasses import dataclass

from PIL import Image, ImageOps, UnidentifiedImageError

from oms_web.core.errors import Invalid

FORMATS = ("JPEG", "PNG", "WEBP", "GIF")
MOST_BYTES = 20 * 1024 * 1024
MOST_PIXELS = 50_000_000
LONGEST_SIDE = 1600
THUMB_SIDE = 96
LOGO_SIDE = 800
SUFFIX = ".webp"


@dataclass(frozen=True, slots=True)
class Picture:
    """A picture ready to be stored, with its little copy; both WebP. ``width`` x ``height`` px."""

    content: bytes
    thumb: bytes
    width: int
    height: int


def prepare(content: bytes, field: str = "image") -> Picture:
    """Check an uploaded picture and encode it anew, upright, at most 1600 px a side.

    Raises:
        Invalid: not a JPEG, PNG, WebP or GIF; damaged; too many bytes or pixels.
    """
    upright = _checked(content, field)
    upright.thumbnail((LONGEST_SIDE, LONGEST_SIDE), Image.Resampling.LANCZOS)
    little = upright.copy()
    little.thumbnail((THUMB_SIDE, THUMB_SIDE), Image.Resampling.LANCZOS)
    return Picture(_encode(upright), _encode(little), upright.width, upright.height)


def prepare_logo(content: bytes, field: str = "logo") -> bytes:
    """Check an uploaded logo and encode it anew as PNG, at most 800 px a side; sharp edges stay.

    Raises:
        Invalid: as for ``prepare``.
    """
    upright = _checked(content, field)
    upright.thumbnail((LOGO_SIDE, LOGO_SIDE), Image.Resampling.LANCZOS)
    clean = Image.new(upright.mode, upright.size)
    clean.paste(upright)
    out = io.BytesIO()
    clean.save(out, "PNG", optimize=True)
    return out.getvalue()


def _checked(content: bytes, field: str) -> Image.Image:
    if len(content) > MOST_BYTES:
        raise Invalid("A picture may have at most %(most)s MB.", field,
                      most=MOST_BYTES // 1024 // 1024)
    try:
        # Pillow warns about bombs before it refuses them; here a warning is a refusal too.
        with warnings.catch_warnings():
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            return _load(content, field)
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        raise _too_large(field) from error
    except (UnidentifiedImageError, OSError, SyntaxError, ValueError) as error:
        raise Invalid("This is not a picture we can read. Use JPEG, PNG or WebP.", field) \
            from error


def _load(content: bytes, field: str) -> Image.Image:
    """Decode the first frame, the right way up, as RGB or RGBA. The header is judged first."""
    with Image.open(io.BytesIO(content), formats=FORMATS) as picture:
        if picture.width * picture.height > MOST_PIXELS:
            raise _too_large(field)
        picture.draft("RGB", (LONGEST_SIDE * 2, LONGEST_SIDE * 2))
        picture.load()
        upright = ImageOps.exif_transpose(picture)
        see_through = upright.mode in ("RGBA", "LA", "PA") or "transparency" in upright.info
        return upright.convert("RGBA" if see_through else "RGB")


def _encode(picture: Image.Image) -> bytes:
    clean = Image.new(picture.mode, picture.size)
    clean.paste(picture)
    out = io.BytesIO()
    clean.save(out, "WEBP", quality=84, method=4)
    return out.getvalue()


def _too_large(field: str) -> Invalid:
    return Invalid("A picture may have at most %(most)s megapixels.", field,
                   most=MOST_PIXELS // 1_000_000)
