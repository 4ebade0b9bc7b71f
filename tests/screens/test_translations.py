"""Polish is complete: every message translated, in all plural forms, with the same placeholders."""

from __future__ import annotations

import functools
import importlib.util
import sys

import pytest

from oms_web.paths import CHECKOUT


@pytest.fixture(scope="module")
def tool():
    sys.path.insert(0, str(CHECKOUT / "scripts"))
    spec = importlib.util.spec_from_file_location(
        "translations", CHECKOUT / "scripts" / "translations.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    module.collect = functools.cache(module.collect)  # several seconds of reading, once
    yield module
    sys.path.remove(str(CHECKOUT / "scripts"))


def test_polish_is_complete(tool):
    assert tool.problems() == []


def test_messages_are_found_where_they_stand(tool):
    found = {m.id if isinstance(m.id, str) else m.id[0] for m in tool.collect() if m.id}
    assert "Wrong e-mail or password." in found, "a refusal of a service"
    assert "Sign in" in found, "a template"
    assert "%(num)s order" in found, "a plural in a template"
    assert "As the system" in found, "a lazy message"
    assert "Somebody must release it." in found, "a table of a pure module"


@pytest.mark.parametrize(("message", "translation", "complaint"), [
    ("Line %(n)s is wrong: %(why)s", "Pozycja %(n)s jest błędna", "placeholders differ"),
    ("Line %(n)s", "Pozycja %(m)s", "placeholders differ"),
    ("Without VAT", "Bez VAT (0 %)", "a bare percent sign"),
    ("Never said anywhere", "Nigdzie", "no longer in the source"),
    ("Never said anywhere", "", "not translated"),
])
def test_what_is_wrong_is_noticed(tool, monkeypatch, message, translation, complaint):
    from babel.messages.catalog import Catalog

    catalog = Catalog(locale="pl")
    catalog.add(message, translation)
    monkeypatch.setattr(tool, "load", lambda language: catalog)
    assert any(complaint in line and message in line for line in tool.problems())


def test_a_missing_plural_form_is_noticed(tool):
    from babel.messages.catalog import Catalog

    catalog = Catalog(locale="pl")
    catalog.add(("%(num)s order", "%(num)s orders"), ("%(num)s zamówienie", "%(num)s zamówienia"))
    assert len(tool.missing(catalog)) == 1
    catalog = Catalog(locale="pl")
    catalog.add(("%(num)s order", "%(num)s orders"),
                ("%(num)s zamówienie", "%(num)s zamówienia", "%(num)s zamówień"))
    assert tool.missing(catalog) == []
