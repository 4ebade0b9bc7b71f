"""Money and quantities are never floats: no float is written, made or divided into being there."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
EXACT = [
    ROOT / "oms_web/core/money.py",
    *sorted((ROOT / "oms_web/domain").rglob("*.py")),
    *sorted((ROOT / "oms_web/flows").rglob("*.py")),
    *sorted((ROOT / "connectors/oms_demo").rglob("mapping.py")),
]
# Where a slash is not a float of money: file -> why.
REASONS = {
    "oms_web/domain/documents/vat.py": "divides Decimals",
    "oms_web/domain/channels/buffers.py": "divides Decimals",
    "oms_web/domain/einvoices/en16931.py": "divides Decimals",
    "oms_web/domain/catalog/likeness.py": "how alike two texts are",
    "oms_web/domain/fulfilment/pace.py": "parcels an hour",
}


def floats(source: str) -> list[int]:
    """The lines on which a float is written, made (``float(...)``) or divided into being."""
    found = []
    for node in ast.walk(ast.parse(source)):
        literal = isinstance(node, ast.Constant) and isinstance(node.value, float)
        call = isinstance(node, ast.Call) and isinstance(node.func, ast.Name) \
            and node.func.id == "float"
        division = isinstance(node, ast.BinOp | ast.AugAssign) and isinstance(node.op, ast.Div)
        if literal or call or division:
            found.append(node.lineno)
    return sorted(found)


@pytest.mark.parametrize("file", EXACT, ids=lambda file: str(file.relative_to(ROOT)))
def test_no_float_where_money_is(file):
    found = floats(file.read_text("utf-8"))
    assert bool(found) == (str(file.relative_to(ROOT)) in REASONS), f"lines {found}"


def test_the_check_finds_each_kind():
    source = "a = 0.1\nb = float('1')\nc = total / 3\nc /= 2\nd = total // 3\n"
    assert floats(source) == [1, 2, 3, 4]
