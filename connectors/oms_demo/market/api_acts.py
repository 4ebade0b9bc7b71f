"""The seller's API, continued: prices, calling off, status, invoices, returns, webhooks, lists."""

from __future__ import annotations

from flask import Response, jsonify, request

from oms_demo.market import asked, returns, rings
from oms_demo.market.api import answer_each, api, as_shown, market, turned, whole
from oms_demo.market.delivery import METHODS
from oms_demo.market.faults_pages import Sheet
from oms_demo.market.names import PAYMENT_METHODS
from oms_demo.market.orders import STAGES
from oms_demo.market.refusal import Refusal

CARRIERS = {"inpost": "InPost", "dpd": "DPD", "gls": "GLS", "orlen": "ORLEN Paczka",
            "pocztex": "Pocztex", "other": "Inny przewoźnik"}
STAGE_NAMES = {"new": "Nowe", "preparing": "W przygotowaniu", "ready": "Gotowe do wysłania",
               "on_hold": "Wstrzymane"}


@api.put("/prices")
def set_prices() -> Response:
    """What buyers pay, for many offers; each answered for itself, in order."""
    return answer_each(lambda ref, item: market().set_price(
        ref, item.get("amount"), item.get("currency")))


@api.post("/orders/<ref>/cancel")
def cancel(ref: str) -> Response:
    """The seller calls an order off, or some units of it."""
    body = asked.body()
    reason = asked.text(body, "reason", required=False) or "cancelled by the seller"
    units, revision = asked.units(body), asked.revision(body)
    if units:
        market().cancel_units(ref, units, reason, revision)
    else:
        market().cancel(ref, reason, expected_revision=revision)
    return jsonify(whole(ref))


@api.put("/orders/<ref>/status")
def set_status(ref: str) -> Response:
    """How far the seller is with an order that is to be sent."""
    body = asked.body()
    market().set_stage(ref, body.get("status"), asked.revision(body))
    return jsonify(whole(ref))


@api.post("/orders/<ref>/invoices")
def add_invoice(ref: str) -> tuple[Response, int]:
    """A PDF for the buyer. The same key again leaves one document."""
    number = asked.text(dict(request.args), "number", most=60)
    issued = asked.when(request.args, "issued_at") or market().clock()
    document, new = market().keep_paper(ref, asked.key(), number, issued, request.get_data())
    return jsonify(id=document), 201 if new else 200


@api.get("/returns")
def list_returns() -> Response:
    """Returns after a change, oldest change first."""
    sheet = turned(_returns(asked.number("after", 0), asked.limit()))
    return jsonify(returns=as_shown(list(sheet.rows)), last=sheet.next, more=sheet.more)


def _returns(after: int, limit: int) -> Sheet:
    with market().store.transaction() as db:
        found = returns.after(db, after, limit + 1)
    shown = found[:limit]
    return Sheet(shown, after, shown[-1]["change"] if shown else after, len(found) > limit,
                 read=lambda _: _returns(0, limit), place=lambda row: row["change"],
                 again=lambda: max(0, after - 1))


@api.post("/webhooks")
def subscribe() -> tuple[Response, int]:
    """Ring at an address when something happens."""
    body = asked.body()
    kinds = asked.rows(body, "kinds") or list(rings.KINDS)
    if not all(isinstance(kind, str) for kind in kinds):
        raise Refusal("bad_value", "kinds are texts.", 422, field="kinds")
    with market().store.transaction() as db:
        refs = rings.subscribe(db, asked.text(body, "url"), asked.text(body, "secret"), kinds)
    return jsonify(ids=refs), 201


@api.delete("/webhooks/<ref>")
def unsubscribe(ref: str) -> tuple[str, int]:
    """Ring there no more."""
    with market().store.transaction() as db:
        if not rings.unsubscribe(db, ref):
            raise Refusal("unknown_webhook", f"There is no webhook {ref}.", 404)
    return "", 204


@api.get("/dictionaries/<kind>")
def dictionary(kind: str) -> Response:
    """The marketplace's own words: their ids, and what people call them."""
    lists = {
        "carriers": CARRIERS,
        "statuses": {stage: STAGE_NAMES[stage] for stage in STAGES},
        "payments": {name: name for name in PAYMENT_METHODS},
        "deliveries": {method.key: method.name for method in METHODS},
    }
    if kind not in lists:
        raise Refusal("unknown_dictionary", f"There is no list {kind}.", 404)
    return jsonify(words=[{"id": ref, "name": name} for ref, name in lists[kind].items()])
