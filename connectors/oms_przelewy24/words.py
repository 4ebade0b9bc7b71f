"""What the connector says to people: English templates, so that the app can translate them."""

from __future__ import annotations

from oms_connector import N_

HELP = N_("Links at which your buyers pay, and money back the way it came. It brings no orders.")

URL = N_("Where the account is")
MERCHANT = N_("Merchant ID")
POS = N_("Shop ID (posId)")
POS_HELP = N_("Usually the same as the merchant ID; empty means that.")
API_KEY = N_("API key (reports key)")
API_KEY_HELP = N_("In Przelewy24's panel: My data, API and configuration data.")
CRC = N_("CRC key")
CRC_HELP = N_("What is signed on both sides is signed with it. It stands beside the API key.")

REFUSED_KEY = N_("Przelewy24 does not accept the shop ID and API key")
NOT_A_NUMBER = N_("This is not a number")
NO_EMAIL = N_("Przelewy24 needs the buyer's e-mail address")
NO_RETURN = N_("Przelewy24 needs an address to which the buyer comes back")
NOT_PAID = N_("this payment has not come")
CODE = N_("Przelewy24 refuses: %(code)s")
NO_SECRET = N_("the CRC key is not set")
BAD_SIGNATURE = N_("the signature is not Przelewy24's")
NO_EVENT = N_("it tells of no payment")
