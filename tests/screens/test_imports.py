"""Import on screen: from a file to its end, the editor beside its preview, and who may do what."""

from __future__ import annotations

import io
import json
import re

import pytest
from sqlalchemy import select

from oms_web.core.claims import Task
from oms_web.domain.orders.models import Order
from oms_web.domain.stock.models import Location
from oms_web.jobs.worker import drain
from oms_web.sync import accounts, file_profiles
from oms_web.sync.file_profiles import file_connector
from oms_web.sync.models import ImportProfile, ImportRun
from oms_web.web import outside_words
from oms_web.web.profile_form import editor_of, spec_of
from tests.sync.file_shop import CLERK, HEADER, PROFILE, shop

ROWS = HEADER + """\
1,2026-03-01,KUB,Kubek,3,12.50
1,2026-03-01,TAL,Talerz,1,3.10
C1,2026-03-03,KUB,Kubek,-2,12.50
A1,2026-03-05,B,<b>Korekta</b>,1,99.00
2,2026-03-05,KUB,Kubek,1.5,12.50
"""
HTMX = {"HX-Request": "true", "HX-Request-Type": "partial"}


@pytest.fixture
def here(oms, tmp_path):
    return shop(oms, tmp_path / "seller")


@pytest.fixture
def profile(here, oms):
    """A profile that is the seller's own."""
    with oms.works.writing(CLERK) as work:
        saved, _ = file_profiles.save(work, oms.registry, None, "history", "orders", PROFILE)
        return saved.id


def text_of(answer, status=200):
    page = answer.get_data(as_text=True)
    assert answer.status_code == status, page[-1500:]
    return page


def send(client, *files, **form):
    return client.post("/imports/new", data={
        "file": [(io.BytesIO(content.encode()), name) for name, content in files], **form,
    }, content_type="multipart/form-data")


def brought_in(client, text=ROWS, name="orders.csv", **form):
    """Bring a file in; the address it leads to."""
    answer = send(client, (name, text), **{"kind": "orders", "profile": "history", **form})
    assert answer.status_code == 303, text_of(answer)[-800:]
    return answer.headers["Location"]


def hidden(page):
    """The hidden fields of the last form of a page."""
    return dict(re.findall(r'<input type="hidden" name="([\w.]+)" value="([^"]*)"', page))


def test_an_empty_list_says_what_comes_next(browser_as):
    page = text_of(browser_as("manager").get("/imports"))
    assert "No file was imported yet" in page
    assert "online-retail" in page
    assert "Bring in a file" in page


def test_words_of_a_connector_are_known_whoever_asked_before_it_was_there(app, oms, monkeypatch):
    english = {"headers": {"Accept-Language": "en"}}
    with monkeypatch.context() as without:
        without.delitem(oms.registry.connectors, "files")
        with app.test_request_context("/", **english):
            outside_words.cause("The file is empty.")
    with app.test_request_context("/", **english):
        assert outside_words.cause("Row 3: quantity is not a whole number: abc") == \
            "Quantity is not a whole number: …"


def test_from_a_file_to_its_result(browser_as, here, oms, profile):
    manager = browser_as("manager")
    page = text_of(manager.get("/imports/new"))
    assert '<option value="history">history</option>' in page
    check = brought_in(manager)
    assert check.startswith("/imports/check?")
    page = text_of(manager.get(check))
    assert "KUB ×3, TAL ×1" in page
    assert ">return<" in page
    assert "Money without goods" in page
    assert "quantity is not a whole number: 1.5".replace("quantity", "Quantity") in page
    assert "&lt;b&gt;Korekta&lt;/b&gt;" in page
    assert "<b>Korekta" not in page
    assert "The orders will belong to the channel “history”." in page
    assert here.rows(select(ImportRun.id)) == [], "looking takes nothing in"
    form = {**hidden(page), "create_products": "on", "opening_stock": "on"}
    begun = manager.post("/imports", data=form)
    show = begun.headers["Location"]
    page = text_of(manager.get(show))
    assert 'hx-trigger="every 2s"' in page
    assert "waits" in page
    assert here.rows(select(Task.kind, Task.asked_by)) [0][0] == "import_file"
    assert "every 2s" in text_of(manager.get("/imports"))
    drain(oms)
    page = text_of(manager.get(show))
    assert "every 2s" not in page
    assert "every 2s" not in text_of(manager.get("/imports"))
    assert "done" in page
    part = text_of(manager.get(show, headers=HTMX))
    assert part.lstrip().startswith('<div class="stack loose" id="imports-run"')
    assert "A1,2026-03-05,B,&lt;b&gt;Korekta&lt;/b&gt;" in part
    assert "Quantity is not a whole number" in part
    assert here.rows(select(Order.external_number)) == [("1",)]
    listed = text_of(manager.get("/imports", headers=HTMX))
    assert listed.lstrip().startswith('<section class="card table-wrap" id="imports-runs"')
    assert "orders.csv" in listed


def test_importing_again_goes_through_the_same_steps(browser_as, here, oms, profile):
    manager = browser_as("manager")
    page = text_of(manager.get(brought_in(manager)))
    manager.post("/imports", data={**hidden(page), "create_products": "1"})
    drain(oms)
    (run_id,) = here.rows(select(ImportRun.id))[0]
    again = manager.post(f"/imports/{run_id}/again")
    assert again.headers["Location"] == f"/imports/{run_id}"
    drain(oms)
    assert here.rows(select(ImportRun.added, ImportRun.same, ImportRun.state)) == [(0, 2, "done")]


def test_a_file_that_cannot_be_read_says_so_before_and_after(browser_as, here, oms, profile):
    manager = browser_as("manager")
    page = text_of(manager.get(brought_in(manager, "Order,Date\n1,2\n")))
    assert "The file has no column SKU; it has: Order, Date." in page
    assert "disabled" in page
    manager.post("/imports", data=hidden(page))
    drain(oms)
    (run_id,) = here.rows(select(ImportRun.id))[0]
    page = text_of(manager.get(f"/imports/{run_id}"))
    assert "The file was not taken in to its end" in page
    assert "The file has no column SKU" in page
    assert "Change the profile" in page


@pytest.mark.parametrize(("files", "form", "says"), [
    ((), {}, "Choose a file."),
    ((("a.csv", ROWS),), {"kind": "people", "profile": "new"}, "Choose what the file holds."),
    ((("a.csv", ROWS),), {"profile": "gone"}, "There is no such profile."),
    ((("a.csv", "x"), ("b.csv", "y"), ("a.csv", "z")), {}, "Two of the files have the same name."),
    ((("order_details.csv", "OrderID\n1\n"),), {"profile": "northwind-orders"},
     "The profile also needs a file orders.csv"),
])
def test_wrong_input_is_said_at_its_field(browser_as, here, profile, files, form, says):
    answer = send(browser_as("manager"), *files, **{"kind": "orders", "profile": "history", **form})
    page = text_of(answer, 422)
    assert says in page
    assert 'class="error"' in page


def test_opening_stock_without_a_warehouse_is_refused_in_words(browser_as, here, oms, profile):
    with oms.works.writing(CLERK) as work:
        work.session.execute(Location.__table__.update().values(active=False))
    manager = browser_as("manager")
    page = text_of(manager.get(brought_in(manager)))
    refused = manager.post("/imports", data={**hidden(page), "opening_stock": "on"})
    assert "There is no warehouse with a bin yet" in text_of(refused, 409)


def test_several_files_go_together(browser_as, here, oms):
    manager = browser_as("manager")
    lines = "OrderID,ProductID,UnitPrice,Quantity,Discount\n1,11,2.5,3,0.1\n"
    heads = ("OrderID,CustomerID,OrderDate,RequiredDate,ShippedDate,ShipVia,Freight,ShipName,"
             "ShipAddress,ShipCity,ShipRegion,ShipPostalCode,ShipCountry\n"
             "1,ALA,1996-07-04,,,1,3.00,Ala,Prosta 1,Łódź,,90-001,Poland\n")
    people = "CustomerID,CompanyName,ContactName,Phone\nALA,Firma,Ala,1\n"
    goods, boats = "ProductID,ProductName\n11,Ser\n", "ShipperID,CompanyName\n1,Kurier\n"
    answer = send(manager, ("orders.csv", heads), ("order_details.csv", lines),
                  ("customers.csv", people), ("products.csv", goods), ("shippers.csv", boats),
                  kind="orders", profile="northwind-orders")
    page = text_of(manager.get(answer.headers["Location"]))
    assert "NW-11 ×3" in page
    assert "Ala PL" in page


def test_only_files_that_were_brought_in_can_be_imported(browser_as, here, oms, profile):
    manager = browser_as("manager")
    other = oms.importer.store.put(b"%PDF secret", ".pdf")
    for file in (other, "../../etc/passwd", "0" * 64 + ".import", ""):
        assert manager.get(f"/imports/check?file={file}&profile=history").status_code == 404
        assert manager.post("/imports", data={"file": file, "profile": "history"}
                            ).status_code == 404
        look = manager.post("/imports/profiles/preview", data={"kind": "orders", "file": file})
        assert look.status_code == (404 if file else 200)
    assert manager.get(f"/imports/profiles/new?kind=orders&file={other}").status_code == 404
    assert here.rows(select(ImportRun.id)) == []


# -- the editor -----------------------------------------------------------------------------------

GUESSED = "Nr zamówienia;Data zamówienia;Symbol;Nazwa;Ilość;Cena;Status\n" \
          "7;24.11.2026;KUB;Kubek;2;12,50;Wysłane\n"


def form_of(page):
    """The editor's form as a browser would send it."""
    form = page[page.index('id="profile-form"'):]
    sent = hidden(form)
    for name, value in re.findall(r'<input id="[^"]*" name="([^"]+)" value="([^"]*)"', form):
        sent[name] = value
    for name, value in re.findall(r'<textarea[^>]* name="([^"]+)"[^>]*>([^<]*)</textarea>', form):
        sent[name] = value
    for name, value in re.findall(
            r'<input class="(?:constant|input)" name="([^"]+)" value="([^"]*)"', form):
        sent[name] = value
    for name, inside in re.findall(r'<select[^>]* name="([^"]+)"[^>]*>(.*?)</select>', form,
                                   re.DOTALL):
        values = re.findall(r'<option value="([^"]*)"( selected)?>', inside)
        chosen = [value for value, selected in values if selected]
        sent[name] = chosen[0] if chosen else values[0][0]
    import html
    return {name: html.unescape(value) for name, value in sent.items()}


def test_a_new_profile_is_guessed_shown_saved_and_used(browser_as, here, oms):
    manager = browser_as("manager", "pl")
    answer = send(manager, ("zamowienia.csv", GUESSED), kind="orders", profile="new")
    new = answer.headers["Location"]
    assert new.startswith("/imports/profiles/new?")
    page = text_of(manager.get(new))
    assert '<option value="column:Nr zamówienia" selected>' in page
    assert "KUB ×2" in page
    form = form_of(page)
    assert form["source:lines.unit_price"] == "column:Cena"
    assert form["numbers"] == ","
    assert form["dates"] == "%d.%m.%Y"
    assert form["table:fields.state"] == "Wysłane = shipped\n* = ready"
    saved = manager.post("/imports/profiles", data={**form, "name": "Hurt", "then": "check"})
    assert saved.status_code == 303, text_of(saved)[-2000:]
    assert saved.headers["Location"].startswith("/imports/check?")
    page = text_of(manager.get(saved.headers["Location"]))
    assert "KUB ×2" in page
    (spec,) = here.rows(select(ImportProfile.spec))[0]
    assert spec["fields"]["state"] == {"column": "Status", "map": {"Wysłane": "shipped"},
                                       "otherwise": "ready"}


def test_the_preview_follows_the_form_without_saving(browser_as, here, profile):
    manager = browser_as("manager")
    check = brought_in(manager)
    file = re.search(r"file=([^&]+)", check)[1]
    form = form_of(text_of(manager.get(f"/imports/profiles/{profile}?file={file}")))
    form["source:lines.sku"] = "column:Name"
    part = text_of(manager.post("/imports/profiles/preview", data=form, headers=HTMX))
    assert part.lstrip().startswith('<div class="stack loose" id="imports-preview"')
    assert "Kubek ×3, Talerz ×1" in part
    form["source:lines.sku"] = ""
    part = text_of(manager.post("/imports/profiles/preview", data=form, headers=HTMX))
    assert "not finished yet" in part
    assert "<b>SKU</b>" in part
    assert "One of these is needed: sku, offer_ref, ean." in part
    assert here.rows(select(ImportProfile.spec)) == [(dict(PROFILE),)]


@pytest.mark.parametrize(("change", "marked", "says"), [
    ({"name": ""}, "name", "Give the profile a name."),
    ({"source:lines.quantity": ""}, "s-lines-quantity", "This is needed."),
    ({"source:key": "{", "other:key": "{broken"}, "s-key", "This is not JSON."),
    ({"timezone": "Mars/Base"}, "timezone", "There is no time zone Mars/Base."),
    ({"dates": "yesterday"}, "dates", "This is not a date form: yesterday"),
    ({"format.header_row": "x"}, "format.header_row", "This is not a number."),
    ({"format.header_row": "²"}, "format.header_row", "This is not a number."),
    ({"rule.2.when": "{broken"}, "rule.2", "This is not JSON."),
    ({"format.type": "xml"}, "format.records", "This is needed."),
    ({"source:fields.currency": "=", "constant:fields.currency": "XYZ"}, "s-fields-currency",
     "Currency is not a currency: XYZ"),
    ({"rule.2.reason": ""}, "rule.2", "Say why, so that the summary can."),
    ({"lookups": "[1]"}, "lookups", "This must be {...}."),
])
def test_a_mistake_is_marked_where_it_was_made(browser_as, here, profile, change, marked, says):
    manager = browser_as("manager")
    form = form_of(text_of(manager.get(f"/imports/profiles/{profile}")))
    page = text_of(manager.post(f"/imports/profiles/{profile}", data={**form, **change}), 422)
    at = page.index(f'id="{marked}-error"')
    assert says in page[at:at + 600]
    assert here.rows(select(ImportProfile.spec)) == [(dict(PROFILE),)]


def test_opening_and_saving_a_profile_changes_nothing_in_it(oms):
    """Every ready profile goes through the form and comes back as it was."""
    from werkzeug.datastructures import MultiDict

    reads = file_profiles.reader(oms.registry)
    for name, (kind, spec) in file_profiles.ready_profiles(oms.registry).items():
        schema = reads.profile_schema(kind)
        sent = MultiDict(as_sent(editor_of(schema, name, spec)))
        back, wrong = spec_of(sent, schema)
        assert wrong == {}, name
        assert json.loads(json.dumps(back)) == {"numbers": ".", **spec} | {
            "timezone": spec.get("timezone", "Europe/Warsaw")}, name


def as_sent(editor):
    """What a browser sends for an editor that nobody touched."""
    sent = {"about": editor.about, "numbers": editor.numbers, "dates": editor.dates,
            "timezone": editor.timezone, "lookups": editor.lookups}
    sent |= {f"format.{name}": str(value) for name, value in editor.format.items()}
    lines = {f"{section}.{line.name}": line for section, group in editor.sections.items()
             for line in group}
    if editor.key:
        lines["key"] = editor.key
    for path, line in lines.items():
        sent |= {f"source:{path}": line.source, f"constant:{path}": line.constant,
                 f"other:{path}": line.other, f"table:{path}": line.table}
    for number, rule in enumerate(editor.rules):
        at = f"rule.{number}"
        sent |= {f"{at}.do": rule.do, f"{at}.reason": rule.reason, f"{at}.when": rule.when,
                 f"{at}.column": rule.column, f"{at}.test": rule.test, f"{at}.value": rule.value}
    return sent


def test_a_ready_profile_may_be_the_start_of_an_own_one(browser_as):
    page = text_of(browser_as("manager").get(
        "/imports/profiles/new?kind=orders&ready=amazon-report"))
    assert '<option value="column:Order ID" selected>Order ID</option>' in page
    assert "The report gives quantity 0" in page
    assert browser_as("manager").get("/imports/profiles/new?kind=people").status_code == 404


def test_a_profile_that_is_used_stays(browser_as, here, oms, profile):
    manager = browser_as("manager")
    page = text_of(manager.get(brought_in(manager)))
    manager.post("/imports", data=hidden(page))
    assert manager.post(f"/imports/profiles/{profile}/delete").status_code == 409
    with oms.works.writing(CLERK) as work:
        other, _ = file_profiles.save(work, oms.registry, None, "unused", "orders", PROFILE)
    assert manager.post(f"/imports/profiles/{other.id}/delete").status_code == 303
    assert here.rows(select(ImportProfile.name)) == [("history",)]


def test_what_was_said_in_english_is_read_in_polish(browser_as, here, oms, profile):
    polish = browser_as("manager", "pl")
    page = text_of(polish.get(brought_in(polish)))
    assert "is not a whole number" not in page
    assert "Wiersz 6: Ilość: to nie jest liczba całkowita: 1.5" in page
    polish.post("/imports", data=hidden(page))
    drain(oms)
    page = text_of(polish.get(f"/imports/{here.rows(select(ImportRun.id))[0][0]}"))
    assert ">Ilość: to nie jest liczba całkowita<" in page
    assert ">Money without goods<" in page, "the seller's own words stay as they are"


# -- rights ---------------------------------------------------------------------------------------

def test_who_may_look_and_who_may_import(browser_as, here, oms, profile):
    manager = browser_as("manager")
    page = text_of(manager.get(brought_in(manager)))
    manager.post("/imports", data=hidden(page))
    (run_id,) = here.rows(select(ImportRun.id))[0]
    sales = browser_as("sales")
    listed = text_of(sales.get("/imports"))
    assert "orders.csv" in listed
    assert "Bring in a file" not in listed
    shown = text_of(sales.get(f"/imports/{run_id}"))
    assert "Import again" not in shown
    for role, address, method in (
        ("sales", "/imports/new", "get"), ("sales", "/imports/new", "post"),
        ("sales", "/imports", "post"), ("sales", f"/imports/{run_id}/again", "post"),
        ("sales", f"/imports/profiles/{profile}", "get"),
        ("sales", f"/imports/profiles/{profile}", "post"),
        ("sales", "/imports/profiles/preview", "post"),
        ("warehouse", "/imports", "get"), ("reader", "/imports", "get"),
        ("warehouse", f"/imports/{run_id}", "get"), ("accountant", "/imports/new", "get"),
    ):
        assert getattr(browser_as(role), method)(address).status_code == 403, (role, address)
    assert browser_as("manager").get("/imports/987654").status_code == 404


def test_watched_folders_are_shown_with_their_place(browser_as, here, oms):
    with oms.works.writing(CLERK) as work:
        account = accounts.connect(work, file_connector(oms.registry), "Hurtownia Łódź",
                                   {"folder": "1", "profile": "history"}, {})
    page = text_of(browser_as("manager").get("/imports"))
    assert f"drop/hurtownia-lodz-{account.id}" in page


def test_many_imports_come_in_pages(browser_as, here, oms, profile):
    with oms.works.writing(CLERK) as work:
        for number in range(60):
            work.session.add(ImportRun(
                profile_id=profile, file="x.import", original_name=f"file-{number:02}.csv",
                digest=f"{number:064}", state="done", started_by="Ala", created_at=work.now,
                cursor={"spec": "", "options": {}, "actor": {}}))
    manager = browser_as("manager")
    first = text_of(manager.get("/imports"))
    seen = re.findall(r"file-\d\d", first)
    after = re.search(r'href="(/imports\?after=[^"]+)"', first)[1]
    seen += re.findall(r"file-\d\d", text_of(manager.get(after)))
    assert len(seen) == len(set(seen)) == 60
    assert seen[0] == "file-59"
    assert manager.get("/imports?after=rubbish").status_code == 422


def test_a_ready_profile_stays_ready_until_somebody_changes_it(browser_as, here, oms):
    manager = browser_as("manager")
    with oms.works.writing(CLERK) as work:
        used = file_profiles.by_name(work, oms.registry, "orders-simple").id
    page = text_of(manager.get("/imports"))
    assert re.search(r"<span>orders-simple</span>", page)
    assert f"/imports/profiles/{used}" in page
    with oms.works.writing(CLERK) as work:
        profile = file_profiles.get_profile(work.session, used)
        profile.spec = {**profile.spec, "about": "mine"}
    assert not re.search(r"<span>orders-simple</span>", text_of(manager.get("/imports")))
