"""What the connector says to people: English templates, so that the app can translate them."""

from __future__ import annotations

from oms_connector import N_

HELP = N_(
    "Labels for parcel lockers and couriers, and where the parcels are. In InPost's parcel manager "
    "(Menedżer Paczek): My account, API. To be told of changes at once, put the address shown here "
    "into the same page."
)
URL = N_("Where the account is")
ORGANIZATION = N_("Organisation number")
ORGANIZATION_HELP = N_("In the parcel manager: My account, API, organisation ID.")
TOKEN = N_("API token")
TOKEN_HELP = N_("In the parcel manager: My account, API. A token of ShipX, not of Geowidget.")
SENDING = N_("How parcels get to InPost")
SENDING_HELP = N_(
    "dispatch_order: a courier fetches them. parcel_locker, pop, any_point, branch: you bring them "
    "to a locker, a point, either of them, a branch."
)
DROPOFF = N_("Locker or point that parcels are brought to")
DROPOFF_HELP = N_("Its code, such as KRA010, where all parcels are brought to the same one.")

NO_JSON = N_("InPost answered something that is no JSON")
STATUS = N_("InPost answered with status %(status)s")
NO_ID = N_("InPost does not say which shipment this became")
NO_LABEL = N_("InPost sent something that is no label of this kind")
NO_PROTOCOL = N_("InPost sent something that is no PDF")
UNSEARCHED = N_("InPost listed other shipments than the one that was asked for")
REFUSED_TOKEN = N_("InPost does not accept the API token")
NOT_OURS = N_("the API token is not for this organisation")

NOT_THERE = N_("InPost does not know this")
REFUSES = N_("InPost refuses: %(why)s")
SAYS = N_("InPost does not accept this: %(why)s")
NOT_BOUGHT = N_("InPost could not sell it: %(why)s. Delete it in the parcel manager")
TOO_LATE = N_(
    "InPost takes no confirmed shipment back over its API. Do not use the label, and ask InPost "
    "whether it was charged."
)
IN_OTHER_PICKUP = N_("a courier was ordered for these parcels before")

MISSING = N_("it is missing")
MALFORMED = N_("it is not in the form that InPost wants")
TOO_SHORT = N_("it is too short")
TOO_LONG = N_("it is too long")
TOO_BIG = N_("it is too much")
TOO_SMALL = N_("it is too little")
NO_SUCH_POINT = N_("InPost has no such locker or point")
NOT_AT_POINT = N_("this locker or point does not offer it")
NO_SERVICE = N_("InPost has no such service")
PHONE = N_("InPost needs a Polish phone of nine digits")
EMAIL = N_("InPost needs an e-mail address")
POSTCODE = N_("a Polish postcode is 00-000")
NUMBER = N_("InPost needs a house number")
POLAND = N_("this service goes to Poland only")
NO_POINT = N_("choose a parcel locker")
ONE_PARCEL = N_("one parcel only: book the others by themselves")
NO_SIZE = N_("choose a size, or give measures that fit into one")
NO_MEASURES = N_("a courier's parcel needs its three measures")
TOO_HEAVY = N_("it is heavier than %(kg)s kg")
NO_WEIGHT = N_("its weight is missing")
CURRENCY = N_("InPost knows amounts in PLN only")
KEY = N_("a key has at most 20 letters, digits and hyphens")

NOT_FROM_INPOST = N_("this did not come from InPost's network")
UNREADABLE_RING = N_("this is no message of InPost's")
