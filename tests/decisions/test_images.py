"""Uploaded pictures: proven, turned upright, made small, stripped; everything else is refused."""

from __future__ import annotations

import io
import struct
import zlib

import pytest
from PIL import Image

from oms_web.adapters import images
from oms_web.core.errors import Invalid


def picture(width=40, height=20, format="JPEG", mode="RGB", **save):
    image = Image.new(mode, (width, height), "white")
    image.paste("red", (0, 0, width // 2, height))
    out = io.BytesIO()
    image.save(out, format, **save)
    return out.getvalue()


def stored(content):
    return Image.open(io.BytesIO(content))


@pytest.mark.parametrize(("format", "mode"), [
    ("JPEG", "RGB"), ("JPEG", "CMYK"), ("JPEG", "L"), ("PNG", "RGB"), ("PNG", "P"), ("PNG", "1"),
    ("PNG", "RGBA"), ("PNG", "LA"), ("WEBP", "RGBA"), ("GIF", "P"),
])
def test_usual_pictures_are_taken_in_any_colour_mode(format, mode):
    image = Image.new("RGB", (40, 20), "red").convert(mode)
    out = io.BytesIO()
    image.save(out, format)
    made = images.prepare(out.getvalue())
    assert (made.width, made.height) == (40, 20)
    assert stored(made.content).format == stored(made.thumb).format == "WEBP"


def test_large_pictures_are_made_smaller_and_the_little_one_is_96_px():
    made = images.prepare(picture(4000, 1000))
    assert (made.width, made.height) == stored(made.content).size == (1600, 400)
    assert stored(made.thumb).size == (96, 24)
    assert len(made.thumb) < 4000


def test_the_camera_position_is_turned_and_forgotten():
    exif = Image.Exif()
    exif[0x0112] = 6  # lies on its side
    exif[0x8825] = {1: "N", 2: (52.0, 13.0, 0.0)}
    exif[0x010F] = "SecretCamera"
    source = picture(40, 20, exif=exif, comment=b"private words")
    assert b"SecretCamera" in source
    made = images.prepare(source)
    assert (made.width, made.height) == (20, 40)
    left, right = stored(made.content).convert("RGB").getpixel((10, 2)), \
        stored(made.content).convert("RGB").getpixel((10, 38))
    assert left[1] < 60 < right[1]  # red on top now, white below
    for content in (made.content, made.thumb):
        assert b"SecretCamera" not in content
        assert b"private" not in content
        assert not stored(content).getexif()


def test_what_hides_behind_a_picture_is_left_behind():
    made = images.prepare(picture() + b"PK\x03\x04<script>alert(1)</script>")
    assert b"script" not in made.content


def bomb(width, height):
    """A PNG of a few bytes that claims to be enormous."""
    def chunk(kind, data):
        return struct.pack(">I", len(data)) + kind + data + struct.pack(
            ">I", zlib.crc32(kind + data))
    header = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    return (b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header)
            + chunk(b"IDAT", zlib.compress(b"\0" * 100)) + chunk(b"IEND", b""))


@pytest.mark.parametrize("content", [
    bomb(60_000, 60_000), bomb(9_000, 8_000), bomb(20_000, 10_000),
])
def test_bombs_are_refused_by_their_header(content):
    with pytest.raises(Invalid, match="at most 50 megapixels"):
        images.prepare(content)


@pytest.mark.parametrize("content", [
    b"", b"hello", b"<svg xmlns='http://www.w3.org/2000/svg'><script>alert(1)</script></svg>",
    b"GIF89a<script>alert(1)</script>", b"%PDF-1.7 ...", b"\x89PNG\r\n\x1a\n" + b"\0" * 50,
    picture(400, 400)[:300], bomb(40, 40), picture(format="BMP"), picture(format="TIFF"),
    picture(format="PDF"), b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 10 10\n",
])
def test_what_is_no_photograph_is_refused_whatever_it_says(content):
    with pytest.raises(Invalid, match="not a picture") as caught:
        images.prepare(content)
    assert caught.value.field == "image"


def test_too_many_bytes_are_not_even_looked_at(monkeypatch):
    monkeypatch.setattr(images, "MOST_BYTES", 1024)
    with pytest.raises(Invalid, match="at most 0 MB"):
        images.prepare(b"x" * 1025)
