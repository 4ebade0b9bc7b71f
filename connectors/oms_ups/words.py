"""What the connector says to people: English templates, so that the app can translate them."""

from __future__ import annotations

from oms_connector import N_

HELP = N_(
    "Labels, prices and tracking of UPS. At developer.ups.com make an application with your UPS "
    "account, and add Shipping, Rating and Tracking to it."
)
URL = N_("Where the account is")
CLIENT = N_("Client ID")
SECRET = N_("Client secret")
ACCOUNT = N_("UPS account number")
ACCOUNT_HELP = N_("Six letters and digits. It pays for the parcels.")

NO_JSON = N_("UPS answered something that is no JSON")
STATUS = N_("UPS answered with status %(status)s")
LACKS = N_("UPS's answer lacks %(names)s")
NO_LABEL = N_("UPS sent something that is no label of this kind")
CLIENT_REFUSED = N_("UPS does not accept the application's ID and secret")
NO_RIGHTS = N_("UPS does not let this application or account do that")
NOT_THERE = N_("UPS does not know this")
REFUSES = N_("UPS refuses (code %(code)s)")
BY_NUMBER = N_(
    "UPS does not say whether it has a shipment of this reference. Look on ups.com before it is "
    "booked again."
)

MISSING = N_("it is missing")
NO_SERVICE = N_("UPS has no such service here")
ONE_PARCEL = N_("one parcel only: book the others by themselves")
NO_MEASURES = N_("UPS wants all three measures or none")
NO_WEIGHT = N_("its weight is missing")
TOO_HEAVY = N_("it is heavier than %(kg)s kg")
LONG = N_("it is longer than the %(most)s characters that UPS prints")
