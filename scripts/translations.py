"""The message catalogues: English in the source, Polish in ``oms_web/locale``.

    python scripts/translations.py update    collect the messages, merge them into messages.po
    python scripts/translations.py compile   write messages.mo, which the app reads (not committed)
    python scripts/translations.py check     fail when Polish is incomplete, stale, or its
                                             placeholders differ

Messages are found in ``gettext``-like calls, in the first argument of the refusals (``Invalid``
and its kin), in ``_l``, and in the tables named in ``TABLES`` below.
"""

from __future__ import annotations

import argparse
import ast
import io
import re
import sys
from collections.abc import Iterator
from pathlib import Path

from babel.messages.catalog import Catalog, Message
from babel.messages.extract import extract_from_dir
from babel.messages.frontend import parse_mapping_cfg
from babel.messages.pofile import read_po, write_po
from catalogues import compile_catalogues

ROOT = Path(__file__).resolve().parent.parent
LOCALE = ROOT / "oms_web" / "locale"
LANGUAGES = ("pl",)

KEYWORDS = {
    "_": None, "gettext": None, "ngettext": (1, 2), "lazy_gettext": None, "_l": None,
    "lazy_ngettext": (1, 2), "pgettext": ((1, "c"), 2), "lazy_pgettext": ((1, "c"), 2),
    # A mark that does nothing: connectors may not import gettext.
    "N_": None,
    # Refusals are gettext keys; the door translates them.
    "Invalid": None, "NotAllowedNow": None, "NotFound": None, "Denied": None, "ShortStock": None,
    "AwaitsNumber": None,
    "PdfFailed": None, "PdfUnavailable": None,
    # Why a message was not sent, as it is kept.
    "plain_why": None,
    # The headings of exported tables.
    "Column": (2,),
}

# Tables of messages in modules that may not import gettext: file -> names of the tables. Every
# string in them that contains a space or begins with a capital letter is a message.
TABLES = {
    "oms_web/adapters/ksef.py": ("_ANSWERED", "_SAYS", "_NOT_TAKEN"),
    "oms_web/adapters/ksef_login.py": ("_REFUSED", "_SLOW", "_NO_KEY", "_UNREADABLE",
                                       "_NO_CERTIFICATE"),
    "oms_web/domain/orders/checks.py": ("KINDS",),
    "oms_web/domain/orders/parting.py": ("REASONS",),
    "oms_web/domain/shipping/fixed.py": ("_PHASE_SAYS",),
    "oms_web/domain/orders/outgoing.py": ("TOO_LATE",),
    "oms_web/domain/documents/placeholders.py": ("FIELDS",),
    "oms_web/domain/messages/placeholders.py": ("FIELDS",),
    "oms_web/domain/fulfilment/service.py": ("_STATE_SAYS",),
    "oms_web/domain/shipping/service.py": ("_STATE_SAYS",),
    "oms_web/flows/label.py": ("_WAITS", "_NO_LABEL"),
    "oms_web/sync/labels.py": ("SAYS",),
    "oms_web/sync/rates.py": ("SAYS",),
    "oms_web/jobs/print_label.py": ("SAYS",),
    "oms_web/sync/hand_overs.py": ("SAYS",),
    "oms_web/sync/tracking.py": ("WHY",),
    "oms_web/flows/pack/closing.py": ("_STEP_SAYS",),
    "oms_web/domain/orders/waiting.py": ("_QUEUE_SAYS", "_OTHER_SAYS", "_LEFT_SAYS"),
}
NOT_OURS = {".git", ".venv", "node_modules", "tests", "instance", "locale", "build", "dist"}
HEADER = '''\
# Messages of oms-web. Written by scripts/translations.py; edit the msgstr lines only.
msgid ""
msgstr ""
"Language: {language}\\n"
"MIME-Version: 1.0\\n"
"Content-Type: text/plain; charset=utf-8\\n"
"Content-Transfer-Encoding: 8bit\\n"
"Plural-Forms: {plurals}\\n"

'''
_PLACEHOLDER = re.compile(r"%\((\w+)\)[sd]|\{(\w+)\}")
_BARE = re.compile(r"%(?!%|\(\w+\)[sd])")


def collect() -> Catalog:
    """Every message of the product with the places it stands at."""
    catalog = Catalog(charset="utf-8")
    with (ROOT / "babel.cfg").open("rb") as stream:
        methods, options = parse_mapping_cfg(io.TextIOWrapper(stream, "utf-8"))
    for file, line, message, comments, context in extract_from_dir(
        ROOT, methods, options, keywords=KEYWORDS, strip_comment_tags=True,
        directory_filter=lambda path: Path(path).name not in NOT_OURS,
    ):
        catalog.add(message, locations=[(file, line)], auto_comments=comments, context=context)
    for file, message, line in table_messages():
        catalog.add(message, locations=[(file, line)])
    return catalog


def table_messages() -> Iterator[tuple[str, str, int]]:
    """The messages that stand in tables: file, text, line."""
    for file, names in TABLES.items():
        tree = ast.parse((ROOT / file).read_text("utf-8"))
        for node in tree.body:
            targets = node.targets if isinstance(node, ast.Assign) else (
                [node.target] if isinstance(node, ast.AnnAssign) else [])
            if not any(isinstance(t, ast.Name) and t.id in names for t in targets):
                continue
            for leaf in ast.walk(node.value):
                if isinstance(leaf, ast.Constant) and isinstance(leaf.value, str) and (
                    " " in leaf.value or leaf.value[:1].isupper()
                ):
                    yield file, leaf.value, leaf.lineno


def catalogue(language: str) -> Path:
    """Where a language's messages are kept."""
    return LOCALE / language / "LC_MESSAGES" / "messages.po"


def load(language: str) -> Catalog:
    """A language's messages as they are on disk; an empty catalogue when there are none yet."""
    file = catalogue(language)
    if not file.exists():
        return Catalog(locale=language, charset="utf-8")
    with file.open("rb") as stream:
        return read_po(stream, locale=language)


def save(catalog: Catalog, language: str) -> None:
    """Write a language's messages, sorted and undated: two people's changes rarely collide."""
    file = catalogue(language)
    file.parent.mkdir(parents=True, exist_ok=True)
    body = io.BytesIO()
    write_po(body, catalog, width=100, sort_output=True, no_location=True, omit_header=True,
             ignore_obsolete=True)
    header = HEADER.format(language=language, plurals=catalog.plural_forms)
    file.write_bytes(header.encode() + body.getvalue())


def update() -> None:
    """Merge what the source says into the catalogues; guesses are not kept."""
    found = collect()
    for language in LANGUAGES:
        catalog = load(language)
        catalog.update(found, no_fuzzy_matching=True)
        save(catalog, language)
        print(f"{language}: {len(catalog)} messages, {len(missing(catalog))} to translate")


def missing(catalog: Catalog) -> list[Message]:
    """Messages without a translation, or with a plural form missing."""
    def blank(message: Message) -> bool:
        strings = message.string if isinstance(message.string, (tuple, list)) else [message.string]
        return not all(strings) or (message.pluralizable and len(strings) != catalog.num_plurals)

    return [m for m in catalog if m.id and (blank(m) or m.fuzzy)]


def placeholders(text: str) -> set[str]:
    """The names a message is filled with."""
    return {a or b for a, b in _PLACEHOLDER.findall(text)}


def bare_percent(text: str) -> bool:
    """Whether a % stands in it that is neither doubled nor part of a placeholder."""
    return bool(_BARE.search(text.replace("%%", "")))


def problems() -> list[str]:
    """What is wrong with the catalogues, one line each."""
    wrong = []
    found = collect()
    wanted = {(m.context, m.id) for m in found if m.id}
    for language in LANGUAGES:
        catalog = load(language)
        have = {(m.context, m.id) for m in catalog if m.id}
        wrong += [f"{language}: not in the catalogue: {text!r}" for _, text in
                  sorted(wanted - have, key=str)]
        wrong += [f"{language}: no longer in the source: {text!r}" for _, text in
                  sorted(have - wanted, key=str)]
        wrong += [f"{language}: not translated: {m.id!r}" for m in missing(catalog)]
        for message in catalog:
            if not message.id:
                continue
            ids = message.id if isinstance(message.id, (tuple, list)) else [message.id]
            strings = message.string if isinstance(message.string, (tuple, list)) \
                else [message.string]
            known = set().union(*(placeholders(one) for one in ids))
            for one in filter(None, strings):
                # A plural form may leave the number out ("jedna"), nothing else.
                if placeholders(one) - known or (known - placeholders(one)) - {"num", "n"}:
                    wrong.append(f"{language}: placeholders differ: {ids[0]!r} -> {one!r}")
                # A template fills in every message, so this would be a page that fails.
                if bare_percent(one) and not any(bare_percent(text) for text in ids):
                    wrong.append(f"{language}: a bare percent sign: {ids[0]!r} -> {one!r}")
    return wrong


def main() -> int:
    """Do what the argument says."""
    parser = argparse.ArgumentParser(description="Collect, compile and check the translations.")
    parser.add_argument("act", choices=("update", "compile", "check"))
    act = parser.parse_args().act
    if act == "update":
        update()
        compile_catalogues(LOCALE)
    elif act == "compile":
        compile_catalogues(LOCALE)
    else:
        wrong = problems()
        print("\n".join(wrong) or "translations: complete")
        return 1 if wrong else 0
    return 0


if __name__ == "__main__":
    sys.exit(main())
