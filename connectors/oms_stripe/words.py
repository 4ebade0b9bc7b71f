"""What the connector says to people: English templates, so that the app can translate them."""

from __future__ import annotations

from oms_connector import N_

HELP = N_("Links at which your buyers pay, and money back the way it came. It brings no orders.")

KEY = N_("Secret key")
KEY_HELP = N_(
    "In Stripe's dashboard: Developers, API keys. A restricted key needs to write Checkout "
    "Sessions and Refunds and to read PaymentIntents and Charges.")
SIGNING = N_("Signing secret of the webhook")
SIGNING_HELP = N_(
    "In Stripe's dashboard: Developers, Webhooks. Add an endpoint with this account's address here "
    "for checkout.session, charge.refunded, refund and charge.dispute events.")

REFUSED_KEY = N_("Stripe does not accept the secret key")
REFUSED_RIGHT = N_("The secret key may not do that")
NO_RETURN = N_("Stripe needs an address to which the buyer comes back")
NOT_PAID = N_("this payment has not come")
CODE = N_("Stripe refuses: %(code)s")
LOCKED = N_("Stripe is at work with this very request")
NO_SECRET = N_("the signing secret is not set")
BAD_SIGNATURE = N_("the signature is not Stripe's")
TOO_OLD = N_("it was signed too long ago")
NO_EVENT = N_("it tells of no payment")
