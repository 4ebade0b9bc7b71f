"""Products: the list, the card of a product and its SKUs, codes, bundles, pictures, prices."""

from __future__ import annotations

import re
from functools import partial
from typing import Any

from flask import Blueprint, Response, request, send_file, url_for
from flask_babel import gettext
from sqlalchemy import select

from oms_web.adapters import images
from oms_web.core.errors import Invalid, InvalidForm, NotAllowedNow, NotFound, OmsError
from oms_web.domain.catalog import barcodes, browse, codes, composition, editing, pictures, queries
from oms_web.domain.catalog import exports as sheets
from oms_web.domain.catalog.models import Variant
from oms_web.domain.channels.models import ChannelAccount
from oms_web.domain.orders import shortages
from oms_web.domain.stock import ledger, overview
from oms_web.domain.stock import queries as places
from oms_web.extensions import db
from oms_web.flows import bundle
from oms_web.web import asked
from oms_web.web.access import act
from oms_web.web.door import oms, reading, writing
from oms_web.web.exports import send
from oms_web.web.failures import status_of, words_of
from oms_web.web.product_forms import NewVariantForm, ProductForm, VariantForm
from oms_web.web.render import go, render
from oms_web.web.stock import ENDS, REASONS, STANDINGS
from oms_web.web.toasts import say

screen = Blueprint("products", __name__)

MOVES_SHOWN = 8
_PICTURE = re.compile(r"[0-9a-f]{64}\.webp")


def _wanted() -> tuple[browse.ProductFilter, dict[str, Any]]:
    chosen = {"q": asked.text("q"), "category": asked.text("category"),
              "archived": "1" if asked.text("archived") else ""}
    return browse.ProductFilter(chosen["q"], chosen["category"], bool(chosen["archived"])), chosen


@screen.get("/products")
@act("catalog.see")
def index() -> Response:
    """A page of products by name; its part is the next rows."""
    wanted, chosen = _wanted()
    page = browse.page(db.session, wanted, asked.text("after", 2000) or None)
    link = partial(asked.link, "products.index", chosen)
    return render(
        "products/list.html", "products/_rows.html", page=page, chosen=chosen, link=link,
        next_url=link(after=page.after) if page.after else None,
        categories=browse.categories(db.session), sheet=_sheet(chosen),
    )


def _sheet(chosen: dict[str, Any]) -> dict[str, Any]:
    link = partial(asked.link, "products.export", chosen)
    return {"act": "catalog.export",
            "files": [(gettext("Products"), link(kind="csv"), link(kind="xlsx"))]}


@screen.get("/products/products.<kind>")
@act("catalog.export")
def export(kind: str) -> Response:
    """The list as a file, one row per SKU."""
    return send(sheets.products(browse.variant_conditions(_wanted()[0])), kind)


@screen.get("/products/suggest")
@act("catalog.see")
def suggest() -> Response:
    """What somebody typing into a SKU field may mean: buttons that submit the form around them;
    with ``stock`` each says how many are free.
    """
    typed = asked.text("code") or asked.text("q")
    found = queries.suggest(db.session, typed) if typed else []
    free = overview.free_of(db.session, [one.id for one in found]) \
        if found and "stock" in request.args else {}
    return render("products/_suggest.html", found=found, typed=typed, free=free)


@screen.get("/products/picture/<name>")
@act("catalog.pictures")
def picture(name: str) -> Response:
    """A picture or its little copy. Its name is made of its content, so it never changes."""
    if not _PICTURE.fullmatch(name):
        raise NotFound("There is no such file.")
    response = send_file(oms().works.ports["files"].path(name), mimetype="image/webp")
    response.headers["Cache-Control"] = "private, max-age=31536000, immutable"
    return response


# The card


@screen.get("/products/<int:product_id>")
@act("catalog.see")
def show(product_id: int) -> Response:
    """The card of a product, one of its SKUs opened."""
    return _card(product_id, asked.number("variant"))


@screen.get("/products/variant/<int:variant_id>")
@act("catalog.see")
def variant(variant_id: int) -> Response:
    """The card of the product that a SKU belongs to."""
    found = queries.variant(db.session, variant_id)
    return go(_url(found.product_id, variant_id))


def _url(product_id: int, variant_id: int | None = None) -> str:
    return url_for("products.show", product_id=product_id, variant=variant_id)


def _card(
    product_id: int, variant_id: int | None, *, product_form: ProductForm | None = None,
    variant_form: VariantForm | None = None, problem: str = "", status: int = 200,
    field: str = "", suggested: list[queries.Found] | None = None,
) -> Response:
    session = db.session
    product = queries.product(session, product_id)
    variants = queries.variants_of(session, product_id)
    chosen = next((v for v in variants if v.id == variant_id), variants[0] if variants else None)
    rows = overview.filled(session, [
        overview.StockRow(v.id, product_id, v.sku, v.title, v.is_bundle, v.minimum)
        for v in variants
    ])
    return render(
        "products/card.html", product=product, variants=variants, chosen=chosen,
        rows={row.id: row for row in rows}, images=queries.images_of(session, product_id),
        product_form=product_form or ProductForm.of(product), problem=problem, field=field,
        suggested=suggested or [], status=status, reasons=REASONS, ends=ENDS, standings=STANDINGS,
        accounts={a.id: a for a in session.scalars(select(ChannelAccount))},
        codes=barcodes.of(session, [v.id for v in variants]),
        **(_of_variant(chosen, variant_form) if chosen else {}),
    )


def _of_variant(chosen: Variant, form: VariantForm | None) -> dict[str, Any]:
    """What the card shows of the opened SKU."""
    session = db.session
    parts = composition.of(session, [chosen.id]).get(chosen.id, {})
    held_in = composition.bundles_with(session, [chosen.id]).get(chosen.id, [])
    named = {v.id: v for v in session.scalars(
        select(Variant).where(Variant.id.in_([*parts, *held_in])))}
    return {
        "variant_form": form or VariantForm.of(chosen), "parts": parts, "named": named,
        "held_in": held_in, "places": places.held(session, [chosen.id]),
        "moves": ledger.page(session, ledger.LedgerFilter(variant_id=chosen.id),
                             limit=MOVES_SHOWN),
        "part_rows": {row.id: row for row in overview.with_numbers(session, [
            overview.StockRow(v.id, v.product_id, v.sku, v.title, False, 0)
            for v in named.values()
        ])},
        "lacking": shortages.lacking(session, [chosen.id]).get(chosen.id, 0),
    }


@screen.get("/products/new")
@act("catalog.edit")
def new() -> Response:
    """The form for a new product, or for a further SKU of one."""
    product_id = asked.number("product")
    product = queries.product(db.session, product_id) if product_id else None
    return render("products/new.html", product=product, product_form=ProductForm.of(product),
                  form=NewVariantForm())


@screen.post("/products/new")
@act("catalog.edit")
def create() -> Response:
    """Add a product with its first SKU, or a further SKU to a product."""
    product_id = asked.whole(request.form.get("product"), "product")
    product = queries.product(db.session, product_id) if product_id else None
    product_form = ProductForm.of(product) if product else ProductForm()
    form = NewVariantForm()
    try:
        edit, problems = form.read()
        problems |= {
            name: wrong for name, wrong in editing.problems_of(
                reading(), None if product else product_form.edit(), edit, form.code.data or ""
            ).items() if name not in problems
        }
        if problems:
            raise InvalidForm(problems)
        with writing() as work:
            if product_id:
                variant_id = editing.add_variant(work, product_id, edit, form.code.data or "")
            else:
                product_id = editing.add_product(work, product_form.edit(), edit,
                                                 form.code.data or "")
                variant_id = None
        say(gettext("Added."))
        _warn_of(form.code.data or "")
        return go(_url(product_id, variant_id))
    except InvalidForm as error:
        of_product = {} if product else {
            name: one for name, one in error.problems.items() if name in product_form}
        product_form.refuse(InvalidForm(of_product))
        form.refuse(InvalidForm({name: one for name, one in error.problems.items()
                                 if name not in of_product}))
    except OmsError as error:
        form.refuse(error)
    return render("products/new.html", product=product, product_form=product_form, form=form,
                  status=422)


@screen.post("/products/<int:product_id>")
@act("catalog.edit")
def edit_product(product_id: int) -> Response:
    """Change what all SKUs of a product share."""
    form = ProductForm()
    try:
        with writing() as work:
            editing.edit_product(work, product_id, form.edit())
    except OmsError as error:
        form.refuse(error)
        return _card(product_id, asked.number("variant"), product_form=form, status=422)
    say(gettext("Saved."))
    return go(_url(product_id, asked.number("variant")))


@screen.post("/products/variant/<int:variant_id>")
@act("catalog.edit")
def edit_variant(variant_id: int) -> Response:
    """Change one SKU."""
    product_id = queries.variant(db.session, variant_id).product_id
    form = VariantForm()
    try:
        with writing() as work:
            editing.edit_variant(work, variant_id, form.edit())
    except OmsError as error:
        form.refuse(error)
        return _card(product_id, variant_id, variant_form=form, status=422)
    say(gettext("Saved."))
    return go(_url(product_id, variant_id))


@screen.post("/products/variant/<int:variant_id>/<any(archive, restore):what>")
@act("catalog.edit")
def archive(variant_id: int, what: str) -> Response:
    """Take a SKU out of use, or bring it back."""
    with writing() as work:
        editing.archive(work, variant_id, back=what == "restore")
        found = queries.variant(work.session, variant_id)
    if what == "archive":
        say(gettext("%(sku)s is archived.", sku=found.sku),
            undo=url_for("products.archive", variant_id=variant_id, what="restore"))
    else:
        say(gettext("%(sku)s is in use again.", sku=found.sku))
    return go(_url(found.product_id, variant_id))


@screen.post("/products/variant/<int:variant_id>/codes")
@act("catalog.edit")
def add_code(variant_id: int) -> Response:
    """Put a scanned or typed code on a SKU."""
    product_id = queries.variant(db.session, variant_id).product_id
    try:
        with writing() as work:
            editing.add_code(work, variant_id, request.form.get("code", ""))
    except Invalid as error:
        return _refused(product_id, variant_id, error, "code")
    _warn_of(request.form.get("code", ""))
    return go(_url(product_id, variant_id) + "#codes")


def _warn_of(code: str) -> None:
    """A number that is no EAN is kept, and said to be none."""
    if code.strip() and codes.looks_mistyped(code):
        say(gettext("%(code)s is no EAN (8, 12, 13 or 14 digits with a check digit): it is kept "
                    "as a code of your own.", code=code.strip()[:60]), tone="warn")


@screen.post("/products/variant/<int:variant_id>/codes/remove")
@act("catalog.edit")
def remove_code(variant_id: int) -> Response:
    """Take a code off a SKU."""
    with writing() as work:
        editing.remove_code(work, variant_id, request.form.get("code", ""))
    return go(_url(queries.variant(db.session, variant_id).product_id, variant_id) + "#codes")


@screen.post("/products/variant/<int:variant_id>/parts")
@act("catalog.edit")
def set_part(variant_id: int) -> Response:
    """Put a part into a bundle, change how many there are, or take it out (none)."""
    product_id = queries.variant(db.session, variant_id).product_id
    code = request.form.get("code", "")
    try:
        units = asked.whole(request.form.get("units"), "parts")
        part_id = asked.whole(request.form.get("variant_id"), "parts")
        if part_id is None:
            part_id = queries.scanned_or_refuse(db.session, code).id
        with writing() as work:
            bundle.set_part(work, variant_id, part_id, 1 if units is None else units)
    except NotFound as error:
        return _refused(product_id, variant_id, error, "parts", queries.suggest(db.session, code))
    except (Invalid, NotAllowedNow) as error:
        return _refused(product_id, variant_id, error, "parts")
    return go(_url(product_id, variant_id) + "#parts")


@screen.post("/products/<int:product_id>/pictures")
@act("catalog.edit")
def add_pictures(product_id: int) -> Response:
    """Take uploaded pictures: proven, made small and encoded anew before anything is stored."""
    variant_id = asked.whole(request.form.get("variant"), "variant")
    sent = [file for file in request.files.getlist("image") if file.filename]
    try:
        if not sent:
            raise Invalid("Choose a picture.", "image")
        made = [images.prepare(file.read(images.MOST_BYTES + 1)) for file in sent[:20]]
    except Invalid as error:
        return _refused(product_id, variant_id, error, "image")
    files = oms().works.ports["files"]
    stored = [
        pictures.StoredImage(files.put(one.content, images.SUFFIX),
                             files.put(one.thumb, images.SUFFIX), one.width, one.height)
        for one in made
    ]
    with writing() as work:
        for one in stored:
            pictures.add(work, product_id, one,
                         variant_id if request.form.get("only_this") else None)
    return go(_url(product_id, variant_id) + "#pictures")


@screen.post("/products/<int:product_id>/pictures/<int:image_id>/<any(first, remove):what>")
@act("catalog.edit")
def change_picture(product_id: int, image_id: int, what: str) -> Response:
    """Show a picture first, or take it off the product."""
    with writing() as work:
        if what == "first":
            pictures.show_first(work, product_id, image_id)
        else:
            pictures.remove(work, product_id, image_id)
    return go(_url(product_id, asked.whole(request.form.get("variant"), "variant")) + "#pictures")


def _refused(
    product_id: int, variant_id: int | None, error: OmsError, field: str,
    suggested: list[queries.Found] | None = None,
) -> Response:
    """The card again, with a refusal at one of its small forms."""
    return _card(product_id, variant_id, problem=words_of(error), field=field,
                 suggested=suggested, status=status_of(error))
