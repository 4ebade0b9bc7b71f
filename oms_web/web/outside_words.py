"""Sentences that were stored in English, in the reader's language.

Connectors and imports store what they say filled in: ``Row 7: quantity is not a number: x``. The
catalogue of the reader's language knows the templates, so the sentence can be taken apart and said
anew; what nobody translated is shown as it is.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from flask_babel import get_translations, gettext
from flask_babel import lazy_gettext as _l

from oms_web.core.sentences import Sentences
from oms_web.sync.file_profiles import KINDS, reader
from oms_web.web import formats, order_words
from oms_web.web.door import oms

# Places that hold a sentence or the name of a field, not a value.
_SENTENCES = ("what", "why", "reason")
_ROWS = frozenset({"row", "line", "n", "number"})
_DEEPEST = 4
COUNTED = ": …"
# Parts of a profile that are no fields.
_PARTS = {
    "key": _l("Order number"), "format": _l("The file itself"), "dates": _l("Dates"),
    "timezone": _l("Time zone"), "numbers": _l("Numbers"), "rules": _l("Rules"),
    "lookups": _l("Files beside it"),
}


def translated(text: str, depth: int = 0) -> str:
    """A stored sentence in the reader's language."""
    language = formats.language()
    if not text or depth > _DEEPEST:
        return text
    sentences = _sentences(language)
    said = sentences.find(text)
    if said is None and sentences.find(text + COUNTED):
        # Reasons that are counted together have lost what they differed in.
        return translated(text + COUNTED, depth + 1).removesuffix(COUNTED)
    if said is None:
        return gettext(text) if "%" not in text else text
    places = {name: _filled(name, value, depth) for name, value in said.places.items()}
    template = gettext(said.template)
    return template % places if places else template


def cause(text: str, depth: int = 0) -> str:
    """What a stored sentence has in common with others of its kind, in the reader's language.

    ``Row 3: quantity is not a whole number: abc`` -> ``Quantity is not a whole number: …``.
    """
    said = _sentences(formats.language()).find(text) if text and depth <= _DEEPEST else None
    if said is None:
        return translated(text)
    inner = [said.places[name] for name in _SENTENCES if name in said.places]
    if inner and said.places.keys() & _ROWS:
        return cause(inner[0], depth + 1)
    places = {
        name: cause(value, depth + 1) if name in _SENTENCES
        else _filled(name, value, depth) if name == "field" else "…"
        for name, value in said.places.items()
    }
    template = gettext(said.template)
    return template % places if places else template


def field_name(path: str) -> str:
    """A field of an order or a file's row in words: ``lines.2.unit_price``, ``tax_id``."""
    parts = [part for part in re.split(r"[.\[\]]+", path) if part and not part.isdigit()]
    labels = field_labels()
    for width in (2, 1):
        name = ".".join(parts[-width:])
        if name in labels:
            return gettext(labels[name])
    return order_words.field(parts[-1]).replace("_", " ") if parts else path


def _filled(name: str, value: str, depth: int) -> str:
    if name in _SENTENCES:
        return "; ".join(translated(part, depth + 1) for part in value.split("; "))
    if name == "field":
        return gettext(field_labels().get(value, value))
    return value


def _sentences(language: str) -> Sentences:
    """The templates of a language's catalogue, and those of the file connector."""
    return _known(language, tuple(getattr(oms().registry.get("files"), "messages", ())))


@lru_cache(maxsize=8)
def _known(language: str, messages: tuple[str, ...]) -> Sentences:
    catalog: Mapping[Any, Any] = getattr(get_translations(), "_catalog", {})
    # Of templates that only name their places otherwise the connector's own comes first.
    known = [key for key in catalog if isinstance(key, str) and key]
    return Sentences(dict.fromkeys([*messages, *known]))


def label_of(path: str) -> str:
    """A place in a profile in words: ``lines.unit_price``, ``rules.0.when``."""
    parts = path.split(".")
    if parts[0] in _PARTS:
        return str(_PARTS[parts[0]])
    labels = field_labels()
    # Addresses have names of two parts: ship_to.city.
    for width in (2, 1):
        name = ".".join(parts[1 : 1 + width])
        if name in labels:
            return gettext(labels[name])
    return path


@lru_cache(maxsize=1)
def field_labels() -> dict[str, str]:
    """Field of a profile -> its English label."""
    reads = reader(oms().registry)
    return {
        field["name"]: field["label"]
        for kind in reversed(KINDS)
        for fields in reads.profile_schema(kind)["sections"].values() for field in fields
    }
