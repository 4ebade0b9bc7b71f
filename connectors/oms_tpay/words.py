"""What the connector says to people: English templates, so that the app can translate them."""

from __future__ import annotations

from oms_connector import N_

HELP = N_("Links at which your buyers pay, and money back the way it came. It brings no orders.")

URL = N_("Where the account is")
CLIENT_ID = N_("Client ID")
CLIENT_ID_HELP = N_("In Tpay's panel: Integration, API, Open API keys.")
CLIENT_SECRET = N_("Client secret")
SECURITY_CODE = N_("Security code")
SECURITY_CODE_HELP = N_(
    "In Tpay's panel: Settings, Notifications. Tpay signs with it what it tells us.")

REFUSED_KEY = N_("Tpay does not accept the client ID and secret")
NO_TOKEN = N_("Tpay gave no token")
NO_EMAIL = N_("Tpay needs the buyer's e-mail address")
KNOWN_KEY = N_("Tpay has a payment of this key already")
CODE = N_("Tpay refuses: %(code)s")
NO_SECRET = N_("the security code is not set")
NO_CERTIFICATE = N_("Tpay's certificate was not fetched yet")
BAD_SIGNATURE = N_("the signature is not Tpay's")
NO_EVENT = N_("it tells of no payment")
