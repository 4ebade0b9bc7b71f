"""Every form reads an amount of money by one rule: nothing finer than the smallest coin, nothing
rounded.
"""

from __future__ import annotations

import re
from decimal import Decimal
from pathlib import Path

import pytest

from oms_web.core.errors import Invalid
from oms_web.core.money import exact_minor, parse_minor
from oms_web.domain.orders import discounts

WEB = Path(__file__).parents[2] / "oms_web" / "web"


@pytest.mark.parametrize(("typed", "currency", "minor"), [
    ("1,23", "PLN", 123), ("1 234,5", "PLN", 123450), ("1,234.00", "PLN", 123400),
    ("-7", "EUR", -700), ("1200", "JPY", 1200), ("1,234", "KWD", 1234),
])
def test_an_amount_is_what_was_typed(typed, currency, minor):
    assert parse_minor(typed, currency) == minor


@pytest.mark.parametrize(("typed", "currency"), [
    ("1,234", "PLN"), ("1.230", "PLN"), ("0.001", "EUR"), ("1,000", "JPY"), ("1,2345", "KWD"),
])
def test_what_is_finer_than_a_coin_is_refused_not_rounded(typed, currency):
    with pytest.raises(Invalid, match="smallest coin") as refused:
        parse_minor(typed, currency, "amount")
    assert refused.value.field == "amount"
    with pytest.raises(Invalid):
        discounts.typed(typed, currency)


def test_a_program_may_send_noughts_and_nothing_finer():
    assert exact_minor(Decimal("1.2300"), "PLN") == 123
    with pytest.raises(Invalid, match="smallest coin"):
        exact_minor(Decimal("1.234"), "PLN")


def test_no_form_rounds_what_was_typed():
    """``parse_amount`` stands where a price of one unit, a percentage or a rate is meant."""
    found = {path.name for path in WEB.glob("*.py")
             if "parse_amount(" in path.read_text(encoding="utf-8")}
    assert found == {"channel_forms.py", "corrections.py", "document_fields.py",
                     "exchange_choice.py", "order_form.py", "product_forms.py", "profits.py",
                     "receipts.py"}
    for name in found:
        text = (WEB / name).read_text(encoding="utf-8")
        assert not re.search(r"to_minor\(\s*parse_amount", text), name
