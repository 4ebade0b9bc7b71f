"""What is written to the webservice: XML, one request for one or several things of a kind. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any
from xml.sax.saxutils import escape

HEAD = '<?xml version="1.0" encoding="UTF-8"?>\n<prestashop>'


def written(node: str, rows: Sequence[Mapping[str, Any]]) -> bytes:
    """A document with a node of this name for each row; None is an empty field."""
    parts = [HEAD]
    for row in rows:
        fields = "".join(f"<{name}>{_text(one)}</{name}>" for name, one in row.items())
        parts.append(f"<{node}>{fields}</{node}>")
    return ("".join(parts) + "</prestashop>").encode()


def _text(one: Any) -> str:
    return "" if one is None else escape(str(one))
