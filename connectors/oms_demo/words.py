"""What the connector says to people: English templates, so that the app can translate them."""

from __future__ import annotations

from oms_connector import N_

HELP = N_("A marketplace that does not exist, to try everything on.")
CARRIER_HELP = N_(
    "A carrier that does not exist: its labels cost nothing, and its parcels stay here.")
PURSE_HELP = N_(
    "A payment provider that does not exist: its links lead to a page on this machine, and nobody "
    "pays with real money.")
SIGNING_KEY = N_("Signing key")
SIGNING_KEY_HELP = N_("In the marketplace's back office: Settings, Access.")
TO_DOOR = N_("Courier to the door")
TO_LOCKER = N_("Parcel locker")
NEEDS_PHONE = N_("The carrier needs a phone number of the receiver.")
NEEDS_STREET = N_("The carrier needs the receiver's street.")
NEEDS_POINT = N_("Choose a locker.")
NEEDS_SIZE = N_("Choose a size.")
WRONG_WEIGHT = N_("The carrier does not take parcels of this weight.")
URL = N_("Address of the marketplace")
URL_HELP = N_("As in the browser, without anything after the port.")
TOKEN = N_("Token")
TOKEN_HELP = N_("In the marketplace's back office: Settings, Access.")

TOKEN_REFUSED = N_("The marketplace does not accept this token.")
NOT_THE_MARKETPLACE = N_("Something else answers at this address, not the marketplace.")
CLOSED = N_("The marketplace is closed for maintenance.")
STATUS = N_("The marketplace answered %(status)s.")
LACKS = N_("The marketplace's answer lacks %(names)s.")
GONE = N_("The journal names this order, but the marketplace does not show it.")
STUCK = N_("The marketplace says that more follows, but not where.")
NO_ANSWER = N_("The marketplace did not answer for this offer.")
ODD_ANSWER = N_("The marketplace answered for this offer: %(outcome)s")

LONG_MESSAGE = N_("The marketplace takes messages of at most %(most)s characters.")

TOO_FEW = N_("%(field)s is too small: %(found)s")
UNKNOWN = N_("%(field)s has a value that is new to us: %(found)s")

NO_SECRET = N_("No secret is set for this channel's webhooks.")
BAD_SIGNATURE = N_("The signature is missing or wrong.")
TOO_OLD = N_("The webhook is too old, or from the future.")
BAD_RING = N_("The webhook cannot be understood.")
