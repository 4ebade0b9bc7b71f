"""The witness itself: it sees what is wrong with a request, as the vendor's files have it."""

from __future__ import annotations

import pytest
from defusedxml.ElementTree import parse
from oms_connector.testing import Request

from tests.contract import prestashop_spec
from tests.contract.prestashop_spec import RESOURCES
from tests.contract.vendor_spec import shared

AT = "https://sklep.example/api/"
SIGNED = {"authorization": "Basic eDo=", "content-type": "text/xml"}
LISTED = "orders?display=[id,date_upd]&filter[date_upd]=[2026-11-23 09:00:00,2999-12-31 23:59:59]"
STOCK = ("<stock_available><id>1</id><id_product>1</id_product><id_product_attribute>0"
         "</id_product_attribute><id_shop>1</id_shop><id_shop_group>0</id_shop_group><quantity>5"
         "</quantity><depends_on_stock>0</depends_on_stock><out_of_stock>2</out_of_stock>"
         "<location></location></stock_available>")
STEP = "<order_history><id_order>1</id_order><id_order_state>4</id_order_state></order_history>"


def seen(method, path, body="", **headers):
    raw = f"<prestashop>{body}</prestashop>".encode() if body else b""
    return list(prestashop_spec.violations(Request(method, AT + path, {**SIGNED, **headers}, raw)))


@pytest.mark.parametrize(("method", "path", "body"), [
    ("GET", "", ""), ("GET", f"{LISTED}&date=1&sort=[date_upd_ASC,id_ASC]&limit=0,50", ""),
    ("GET", "orders?display=[id,order_rows[id]]&filter[id]=[1|2]", ""),
    ("GET", "products?display=[id,seen]&price[seen][use_tax]=1&filter[id]=[1]", ""),
    ("PUT", "stock_availables?display=full", STOCK),
    ("POST", "order_histories?display=full&sendemail=1", STEP),
    ("PATCH", "products?display=full", "<product><id>1</id><price>16.252033</price></product>"),
    ("PATCH", "combinations?display=full",
     "<combination><id>1</id><price>-1.5</price></combination>"),
])
def test_a_right_request_is_taken(method, path, body):
    assert seen(method, path, body) == []


@pytest.mark.parametrize(("method", "path", "body", "complaint"), [
    ("GET", "ordres?display=full", "", "there is no resource"),
    ("DELETE", "orders?display=full", "", "there is no DELETE"),
    ("GET", LISTED, "", "date_upd without date=1"),
    ("GET", "orders", "", "without display"), ("GET", "orders?display=[id,foo]", "", "has no foo"),
    ("GET", "orders?display=[order_rows[foo]]", "", "has no order_rows[foo]"),
    ("GET", "orders?display=all", "", "display is malformed"),
    ("GET", "orders?display=full&filter[foo]=[1]", "", "has no foo"),
    ("GET", "orders?display=full&filter[id]=1", "", "is malformed"),
    ("GET", "orders?display=full&sort=[id]", "", "sort by id"),
    ("GET", "currencies?display=full&sort=[name_ASC]", "", "sort by name_ASC"),
    ("GET", "orders?display=full&limit=a", "", "limit is a"),
    ("GET", "orders?display=full&page=2", "", "page is not a parameter"),
    ("GET", "orders?display=full&display=[id]", "", "display is repeated"),
    ("GET", "orders?display=full", STEP, "a body where none belongs"),
    ("GET", "orders?display=full&sendemail=1", "", "sendemail"),
    ("PUT", "stock_availables?display=full", STOCK.replace("<location></location>", ""),
     "location is missing"),
    ("PUT", "stock_availables?display=full", STOCK.replace(">5<", ">5.5<"), "quantity is no int"),
    ("PUT", "stock_availables?display=full", STOCK + STOCK, "id is duplicate"),
    ("PUT", "stock_availables?display=full", STEP, "<order_history> is no stock_available"),
    ("POST", "order_histories?display=full", STEP.replace("<id_order>1</id_order>", ""),
     "id_order is missing"),
    ("POST", "order_histories?display=full", STEP.replace("<id_order>", "<id>3</id><id_order>"),
     "id in a POST"),
    ("PATCH", "products?display=full", "<product><price>1</price></product>", "id in a PATCH"),
    ("PATCH", "products?display=full", "<product><id>1</id><price>-1</price></product>",
     "price is no price"),
    ("PATCH", "products?display=full", "<product><id>1</id><quantity>1</quantity></product>",
     "product has no quantity"),
    ("PUT", "stock_availables?display=full", "<a", "the body is no XML"),
])
def test_a_wrong_request_is_seen(method, path, body, complaint):
    assert any(complaint in one for one in seen(method, path, body)), seen(method, path, body)


def test_who_does_not_say_who_asks_is_seen():
    assert seen("GET", "orders?display=full", authorization="") == ["nobody says who asks"]


def test_a_body_that_is_not_called_xml_is_seen():
    assert seen("POST", "order_histories?display=full", STEP, **{"content-type": "x"}) == [
        "the body is not called XML"]


@pytest.mark.parametrize("name", sorted(RESOURCES))
def test_the_table_says_nothing_that_the_vendors_files_do_not(name):
    path = shared("specs", "prestashop") / f"{name}.synopsis.xml"
    if not path.exists():
        pytest.skip(f"there is no synopsis of {name}; it was read at a running shop")
    [node] = parse(path).getroot()
    said = {one.tag: one.attrib for one in node}
    resource = RESOURCES[name]
    assert node.tag == resource.node
    assert set(resource.fields) <= set(said)
    for field, form in resource.fields.items():
        is_required = said[field].get("required") == "true"
        assert not resource.writes or ("!" in form) == is_required, field
        assert "readOnly" not in said[field]
        assert (said[field].get("notFilterable") == "true") == (field in resource.fixed)
    if {"PUT", "POST"} & resource.writes:  # written whole: all fields must be known
        assert set(said) - {"associations"} == set(resource.fields)
    deep = {one.tag: {part.tag for part in one[0]} for one in node.find("associations") or ()}
    for association, parts in resource.deep.items():
        assert parts <= deep[association]
