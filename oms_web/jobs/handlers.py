"""What each kind of task does: one table, one function each. A handler gets a ``Job``."""

from __future__ import annotations

from importlib import import_module

from oms_connector import ChannelError

from oms_web.automation import batches, rehearsing, running, timed
from oms_web.core.actor import SYSTEM
from oms_web.core.errors import OmsError
from oms_web.domain.channels.service import ChannelStopped
from oms_web.domain.documents import goods_issued
from oms_web.domain.documents.queries import invoices_of
from oms_web.domain.payments import refunds as refunds_of_orders
from oms_web.domain.returns import correcting, settings
from oms_web.domain.shipping import bookings
from oms_web.flows import (
    correct_document,
    einvoice,
    fee_claim,
    hand_over,
    label,
    map_listing,
    price,
    return_letter,
    warehouse_paper,
)
from oms_web.jobs import variants
from oms_web.jobs.job import Handler, Job, Result
from oms_web.jobs.print_label import print_label
from oms_web.sync import (
    bookkeeping,
    channel_messages,
    doorbell,
    einvoice_notices,
    einvoicing,
    fee_claims,
    feeds,
    hand_overs,
    labels,
    message_sending,
    payments,
    rates,
    receipts,
    refunds,
    tracking,
    webhooks,
)
from oms_web.sync.offers import read_offers
from oms_web.sync.pull import pull
from oms_web.sync.pull_messages import MESSAGES
from oms_web.sync.pull_returns import RETURNS
from oms_web.sync.pull_told import Told, pull_told
from oms_web.sync.push_notices import TASK as NOTICES
from oms_web.sync.push_notices import push_notices
from oms_web.sync.push_prices import TASK as PRICES
from oms_web.sync.push_prices import push_prices
from oms_web.sync.push_shipment import push_shipment
from oms_web.sync.push_stock import push_stock
from oms_web.sync.retry import TASK as RETRY
from oms_web.sync.retry import retry

TOLD: dict[str, Told] = {one.feed: one for one in (RETURNS, MESSAGES)}
"""Feeds of what stands beside orders."""


def read_feed(job: Job) -> Result:
    """Read one feed of one account. When to come again after a fault stands at the feed."""
    account_id, name = job.args["account_id"], job.args["feed"]
    try:
        if name == feeds.OFFERS:
            return {"offers": read_offers(job.engine, account_id, job.beat)}
        told = TOLD.get(name)
        pulled = pull_told(job.engine, account_id, told, job.beat) if told else \
            pull(job.engine, account_id, name, job.beat)
    except (ChannelError, ChannelStopped) as error:
        return {"error": feeds.describe(error)}
    return {"added": pulled.added, "changed": pulled.changed, "same": pulled.same,
            "quarantined": pulled.quarantined}


def read_again(job: Job) -> Result:
    """Fetch what is in quarantine anew."""
    tried = retry(job.engine, job.args["account_id"], job.beat)
    return {"added": tried.added + tried.changed + tried.same, "quarantined": tried.quarantined}


def wake_orders(job: Job) -> Result:
    """Let orders go on whose listings were linked."""
    with job.oms.works.writing(SYSTEM) as work:
        return {"orders": len(map_listing.wake_orders(work, job.args["listing_ids"]))}


def send_stock(job: Job) -> Result:
    """Send what is due to one account. When to try a value again stands at its listing."""
    try:
        pushed = push_stock(job.engine, job.args["account_id"], job.beat)
    except (ChannelError, ChannelStopped) as error:
        return {"error": feeds.describe(error)}
    return {"applied": pushed.applied, "rejected": pushed.rejected, "later": pushed.later}


def send_prices(job: Job) -> Result:
    """Send the prices that are due to one account. When to try again stands at the listing."""
    try:
        pushed = push_prices(job.engine, job.args["account_id"], job.beat)
    except (ChannelError, ChannelStopped) as error:
        return {"error": feeds.describe(error)}
    return {"applied": pushed.applied, "rejected": pushed.rejected, "later": pushed.later}


def tell_notices(job: Job) -> Result:
    """Tell one account about its orders. When to try again stands at each notice."""
    try:
        told = push_notices(job.engine, job.args["account_id"],
                            lambda document_id: job.oms.printing.for_buyer(document_id), job.beat)
    except (ChannelError, ChannelStopped) as error:
        return {"error": feeds.describe(error)}
    return {"done": told.done, "failed": told.failed, "later": told.later}


def acknowledge(job: Job) -> Result:
    """Acknowledge orders to one account. When to try again stands at each of them."""
    try:
        return {"acknowledged": receipts.acknowledge(job.engine, job.args["account_id"])}
    except (ChannelError, ChannelStopped) as error:
        return {"error": feeds.describe(error)}


def answer_rings(job: Job) -> Result:
    """Ask an account's channel what it rang about."""
    return {"answered": doorbell.answer(job.engine, job.args["account_id"])}


def tell_channel(job: Job) -> Result:
    """Tell the channel about one shipment."""
    return {"told": push_shipment(job.engine, job.args["shipment_id"])}


def issue_wz(job: Job) -> Result:
    """A shipment left: issue its WZ if the seller wants that by itself."""
    with job.oms.works.writing(SYSTEM) as work:
        made = warehouse_paper.issue_by_itself(work, job.args["shipment_id"], job.args["by"])
        return {"number": made.number} if made is not None else {}


def tell_webhook(job: Job) -> Result:
    """Tell a webhook what it does not know yet. When to try again stands at the webhook."""
    return {"told": webhooks.tell(job.oms.works, job.args["webhook_id"], job.beat)}


def tell_webhook_once(job: Job) -> Result:
    """Send one event again, or a test, because a person asked for it; what a rule asked for is
    tried until it is taken.
    """
    done = webhooks.tell_once(job.oms.works, job.args["webhook_id"], job.args.get("event_id"))
    if not done and job.args.get("patient"):
        raise OmsError("The webhook did not take the event.")
    return {"delivered": done}


def send_messages(job: Job) -> Result:
    """Send what is due to buyers. When to try a message again stands at it."""
    if account_id := job.args.get("account_id"):
        return {"sent": channel_messages.send(job.engine, account_id, job.beat)}
    return {"sent": message_sending.send(
        job.engine, job.args["kind"], lambda document_id: job.oms.printing.for_buyer(document_id),
        job.beat)}


def queue_einvoice(job: Job) -> Result:
    """Make the e-invoice of a document that was issued."""
    with job.oms.works.writing(SYSTEM) as work:
        made = einvoice.queue(work, job.args["document_id"])
        return {"state": made.state} if made is not None else {}


def correct_refunded(job: Job) -> Result:
    """Money went back: correct its invoice if the seller wants that by itself and there is one."""
    with job.oms.works.writing(SYSTEM) as work:
        refund = refunds_of_orders.get(work.session, job.args["refund_id"])
        if not (settings.current(work.session).correct_by_itself and correcting.corrects(refund)
                and not correcting.waits(work.session, refund)
                and invoices_of(work.session, refund.order_id)):
            return {}
        document, _ = correct_document.correct_invoice(
            work, *correcting.wanted(work.session, refund))
        return {"number": document.number}


def claim_fee_of_refund(job: Job) -> Result:
    """Money went back: claim the marketplace's commission if the seller wants that by itself."""
    with job.oms.works.writing(SYSTEM) as work:
        made = fee_claim.after_refund(work, job.args["refund_id"],
                                      fee_claims.able(job.oms.registry))
    return {"claims": len(made)}


def claim_fees(job: Job) -> Result:
    """Ask marketplaces for commissions, or what became of claims."""
    return {"moved": fee_claims.run(job.engine, job.beat)}


def case_letter(job: Job) -> Result:
    """A case took a turn: write to its buyer, if the seller wants that by itself."""
    with job.oms.works.writing(SYSTEM) as work:
        return {"messages": return_letter.by_itself(
            work, job.args["case_id"], job.args["moment"])}


def send_einvoices(job: Job) -> Result:
    """Send what waits to KSeF and ask what became of what was sent. When to come again stands at
    each.
    """
    done = einvoicing.run(job.oms.works, job.beat)
    return {"sent": done.sent, "accepted": done.accepted, "rejected": done.rejected}


def read_incoming_invoices(job: Job) -> Result:
    """Read what others issued to the company."""
    return {"added": einvoicing.read_incoming(job.oms.works)}


def read_ksef_notices(job: Job) -> Result:
    """Read what is announced of KSeF."""
    return {"changed": einvoice_notices.read(job.oms.works)}


def label_by_itself(job: Job) -> Result:
    """Packing began, or a parcel closed: buy its label if the seller wants it now."""
    with job.oms.works.writing(SYSTEM) as work:
        booking = label.book_by_itself(work, job.args["shipment_id"], job.args["occasion"])
    return {"booking": booking.id if booking else None}


def buy_label(job: Job) -> Result:
    """Do what is due of one label. When to try again stands at it."""
    if not rates.choose(job.engine, job.args["booking_id"]):
        return {"state": "intended"}
    state = labels.buy(job.engine, job.args["booking_id"])
    with job.oms.works.reading(SYSTEM) as work:
        shipment_id = bookings.get(work.session, job.args["booking_id"]).shipment_id
    printed = shipment_id is not None and print_label(job.oms, shipment_id)
    return {"state": state, "printed": printed}


def ask_price(job: Job) -> Result:
    """Ask one carrier what a parcel would cost."""
    return {"state": rates.ask(job.engine, job.args["answer_id"])}


def call_courier(job: Job) -> Result:
    """Ask a carrier for a visit. When to ask again stands at the hand-over."""
    return {"state": hand_overs.call(job.engine, job.args["hand_over_id"])}


def fetch_protocol(job: Job) -> Result:
    """Fetch the paper of a hand-over as its carrier draws it."""
    return {"there": hand_overs.fetch(job.engine, job.args["hand_over_id"])}


def track_parcels(job: Job) -> Result:
    """Ask one carrier about its parcels. When to ask again stands at each of them."""
    try:
        return {"news": tracking.track(job.engine, job.args["account_id"], job.beat)}
    except (ChannelError, ChannelStopped) as error:
        return {"error": feeds.describe(error)}


def ask_payments(job: Job) -> Result:
    """Ask a payment provider for links and how payments stand. When to ask again stands at each."""
    try:
        return {"answered": payments.run(job.engine, job.args["account_id"], job.beat)}
    except (ChannelError, ChannelStopped) as error:
        return {"error": feeds.describe(error)}


def send_refunds(job: Job) -> Result:
    """Ask payment providers to give money back, or what became of it."""
    return {"moved": refunds.run(job.engine, job.beat)}


def keep_books(job: Job) -> Result:
    """Enter documents into one account's books. When to try one again stands at it."""
    try:
        return {"done": bookkeeping.run(job.engine, job.args["account_id"], job.beat)}
    except (ChannelError, ChannelStopped) as error:
        return {"error": feeds.describe(error)}


def rehearse_rule(job: Job) -> Result:
    """Try a rule on the past."""
    return rehearsing.run(job.oms.works, job.args["rule_id"], job.args["said"], job.args["days"])


def change_many(job: Job) -> Result:
    """Do one act to many orders."""
    return dict(batches.run(job.oms.works, job.args["batch_id"], job.beat))


def run_rules(job: Job) -> Result:
    """Ask rules about what happened."""
    return {"acted": running.run(job.oms.works, job.beat)}


def run_timed_rules(job: Job) -> Result:
    """Let the rules of the clock act."""
    return {"acted": timed.run(job.oms.works, job.beat)}


def _late(module: str) -> Handler:
    """A handler in a module that is imported when its first task comes (PDF, files)."""
    def run(job: Job) -> Result:
        return import_module(f"oms_web.jobs.{module}").run(job)
    return run


HANDLERS: dict[str, Handler] = {
    "read_feed": read_feed,
    RETRY: read_again,
    "publish_stock": variants.publish,
    "publish_prices": variants.publish_prices,
    "fill_backorders": variants.fill_backorders,
    "look_low": variants.look_low,
    "map_listings": variants.map_listings,
    "wake_orders": wake_orders,
    "push_stock": send_stock,
    "push_shipment": tell_channel,
    goods_issued.TASK: issue_wz,
    PRICES: send_prices,
    NOTICES: tell_notices,
    receipts.TASK: acknowledge,
    doorbell.TASK: answer_rings,
    webhooks.TASK: tell_webhook,
    webhooks.ONCE: tell_webhook_once,
    message_sending.TASK: send_messages,
    "label_by_itself": label_by_itself,
    bookings.TASK: buy_label,
    price.TASK: ask_price,
    tracking.TASK: track_parcels,
    hand_over.TASK: call_courier,
    hand_over.PAPER: fetch_protocol,
    payments.TASK: ask_payments,
    refunds.TASK: send_refunds,
    bookkeeping.TASK: keep_books,
    fee_claims.TASK: claim_fees,
    "claim_fee_of_refund": claim_fee_of_refund,
    batches.TASK: change_many,
    running.TASK: run_rules,
    timed.TASK: run_timed_rules,
    rehearsing.TASK: rehearse_rule,
    "queue_einvoice": queue_einvoice,
    "correct_refunded": correct_refunded,
    "case_letter": case_letter,
    einvoicing.TASK: send_einvoices,
    einvoicing.INCOMING: read_incoming_invoices,
    einvoice_notices.TASK: read_ksef_notices,
    "print_batch": _late("print_batch"),
    "print_closed": _late("print_closed"),
    "import_file": _late("import_file"),
    "drop_folders": _late("drop_folders"),
    "exchange_rates": _late("exchange_rates"),
}
