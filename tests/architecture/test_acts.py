"""Every act that is written to the audit trail has words for people."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path

from oms_web.paths import PACKAGE
from oms_web.web import act_fields, act_values, trail_names

WRITERS = {"record", "entry"}


@cache
def sources() -> Mapping[Path, tuple[str, list[ast.AST]]]:
    """Each file of the program: its text, and every node of its tree. Read once for all tests."""
    texts = {file: file.read_text("utf-8") for file in PACKAGE.rglob("*.py")}
    return {file: (text, list(ast.walk(ast.parse(text)))) for file, text in texts.items()}


def written() -> Iterator[tuple[str, str, str]]:
    """Act, subject and file of each call that writes an entry with literal names."""
    for file, (_, nodes) in sources().items():
        for node in nodes:
            if not isinstance(node, ast.Call) or len(node.args) < 3:
                continue
            function = node.func
            name = function.attr if isinstance(function, ast.Attribute) else (
                function.id if isinstance(function, ast.Name) else "")
            act, subject = node.args[1], node.args[2]
            if name in WRITERS and isinstance(act, ast.Constant) and isinstance(act.value, str):
                what = subject.value if isinstance(subject, ast.Constant) else ""
                yield act.value, what, file.name


def test_each_act_has_words():
    found = set(written())
    assert len(found) > 30
    assert sorted({(act, file) for act, _, file in found if act not in trail_names.ACTS}) == []


def test_each_subject_has_words():
    assert sorted({(what, file) for _, what, file in written()
                   if what and what not in trail_names.SUBJECTS}) == []


def fields() -> set[tuple[str, str]]:
    """Field and file of each literal change that is written."""
    found = set()
    for file, (text, nodes) in sources().items():
        for node in nodes if "import service as audit" in text else ():
            name = getattr(getattr(node, "func", None), "attr", "")
            if isinstance(node, ast.Call) and name in WRITERS and len(node.args) > 4:
                found |= {(key.value, file.name) for leaf in ast.walk(node.args[4])
                          if isinstance(leaf, ast.Dict) for key in leaf.keys
                          if isinstance(key, ast.Constant) and isinstance(key.value, str)}
    return found


def test_each_field_has_words():
    written_ = fields()
    assert len(written_) > 40
    assert sorted((name, file) for name, file in written_
                  if name not in act_fields.FIELDS and name not in act_values.LABELS
                  and name not in act_values.HIDDEN) == []


def test_each_family_has_words():
    families = {act.partition(".")[0] for act in trail_names.ACTS}
    assert families - trail_names.FAMILIES.keys() == set()
