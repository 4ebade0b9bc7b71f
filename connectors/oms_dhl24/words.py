"""What the connector says to people: English templates, so that the app can translate them."""

from __future__ import annotations

from oms_connector import N_

HELP = N_("Parcels with your own DHL eCommerce Poland agreement (DHL24).")

PLACE = N_("Where the account is")
PLACE_HELP = N_("The sandbox takes bookings that are never carried.")
USERNAME = N_("API user")
USERNAME_HELP = N_("Your DHL adviser gives it to you together with the password for WebAPI2.")
PASSWORD = N_("API password")
ACCOUNT = N_("Customer number (SAP)")
ACCOUNT_HELP = N_("Seven digits: the number that DHL charges.")
COSTS_CENTER = N_("Cost centre")
COSTS_CENTER_HELP = N_("Printed on the invoice. It must exist in DHL24; empty: none.")

DOMESTIC = N_("DHL Parcel Polska")
PREMIUM = N_("DHL Parcel Premium")
BY_9 = N_("DHL Parcel Polska by 9:00")
BY_12 = N_("DHL Parcel Polska by 12:00")
EVENING = N_("DHL Parcel Polska in the evening")
TO_POINT = N_("DHL Parcel to a DHL POP point")
CONNECT = N_("DHL Parcel Connect (European Union)")

REFUSED_LOGIN = N_("DHL24 does not accept the user or the password")
WRONG_ACCOUNT = N_("The customer number has seven digits")
SAYS = N_("DHL24 refuses: %(why)s")
NO_NUMBER = N_("DHL24 does not say which number the shipment has")
NO_LABEL = N_("DHL24 gave no label")
COURIER_COMES = N_("a courier is ordered for this shipment: call him off in DHL24 first")
NO_ORDER = N_("DHL24 does not say which number the courier's visit has")
TOO_MANY = N_(
    "DHL24 cannot be asked by our number, and there are more than %(most)s new shipments to look "
    "through: see in DHL24 whether the shipment is there"
)
