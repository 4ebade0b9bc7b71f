"""What the connector says to people: English templates, so that the app can translate them."""

from __future__ import annotations

from oms_connector import N_

HELP = N_("Links at which your buyers pay, and money back the way it came. It brings no orders.")

URL = N_("Where the account is")
POS = N_("POS ID (pos_id)")
POS_HELP = N_("In PayU's panel: My shops, the shop, its point of sale of type REST API.")
CLIENT_ID = N_("OAuth client ID")
CLIENT_ID_HELP = N_("Usually the same as the POS ID; empty means that.")
CLIENT_SECRET = N_("OAuth client secret")
SECOND_KEY = N_("Second key (MD5)")
SECOND_KEY_HELP = N_("PayU signs with it what it tells us. It stands beside the POS ID.")

REFUSED_KEY = N_("PayU does not accept the client ID and secret")
REFUSED_RIGHT = N_("PayU does not let this point of sale do that")
NO_TOKEN = N_("PayU gave no token")
KNOWN_KEY = N_("PayU has a payment of this key already")
CODE = N_("PayU refuses: %(code)s")
NO_SECRET = N_("the second key is not set")
BAD_SIGNATURE = N_("the signature is not PayU's")
NO_EVENT = N_("it tells of no payment")
