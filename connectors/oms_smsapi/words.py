"""What the connector says to people: English templates, so that the app can translate them."""

from __future__ import annotations

from oms_connector import N_

HELP = N_("SMS to your buyers' phones. It brings no orders: choose what is sent under Messages.")

URL = N_("Where the account is")
TOKEN = N_("API token")
TOKEN_HELP = N_(
    "In SMSAPI: Settings, API tokens (OAuth). It needs the rights to send SMS and to read the "
    "profile."
)
SENDER = N_("Sender")
SENDER_HELP = N_(
    "A sender's name that SMSAPI has approved. Empty: the account's usual one."
)
TEST = N_("Only try: SMSAPI checks each message and sends none")

NO_JSON = N_("SMSAPI answered something that is no JSON")
NO_RECEIPT = N_("SMSAPI does not say that it took the message")
STATUS = N_("SMSAPI answered with status %(status)s")
CLOSED = N_("SMSAPI is closed for the moment")
SLOW = N_("SMSAPI asks to slow down")
CODE = N_("SMSAPI refuses this message: error %(code)s")

REFUSED_TOKEN = N_("SMSAPI does not accept the API token")
REFUSED_ADDRESS = N_("SMSAPI does not accept calls from this address: look at its IP filter")
REFUSED_RIGHT = N_("The API token may not send SMS")
NO_POINTS = N_("The SMSAPI account has no points left: top it up")
BROKEN = N_("SMSAPI failed over this message (error %(code)s)")
WRONG_SENDER = N_("SMSAPI does not know this sender: have it approved there, or leave it empty")

WRONG_NUMBER = N_("this is not the number of a phone")
BLACKLISTED = N_("this number is on the account's blacklist")
NO_TEXT = N_("the message is empty or too long")
TOO_MANY_PARTS = N_("the message has too many parts")
NO_LINK = N_("the account may not send links: ask SMSAPI to allow them")
WRONG_TIME = N_("messages may not be sent at this time of day")

NOT_DELIVERED = N_("it did not reach the phone")
EXPIRED = N_("the phone could not be reached in time")
REJECTED = N_("the network refused it")
