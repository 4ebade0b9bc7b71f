"""What the connector says to people: English templates, so that the app can translate them."""

from __future__ import annotations

from oms_connector import N_

HELP = N_("Parcels with your own GLS Poland agreement (ADE-Plus).")

PLACE = N_("Where the account is")
PLACE_HELP = N_("The test system takes parcels that are never carried, with a login of its own.")
USERNAME = N_("User of ADE-Plus")
USERNAME_HELP = N_("GLS must have allowed the user to use the WebAPI: ask your GLS adviser.")
PASSWORD = N_("Password of ADE-Plus")
OWN_SENDER = N_("Print the sender that a booking has, not the one that GLS knows")
OWN_SENDER_HELP = N_("GLS must have allowed other senders for this user.")

BUSINESS = N_("GLS Business Parcel")
BY_10 = N_("GLS by 10:00")
BY_12 = N_("GLS by 12:00")
SATURDAY = N_("GLS on Saturday")
TO_SHOP = N_("GLS to a ParcelShop")

REFUSED_LOGIN = N_("GLS does not accept the user or the password")
BLOCKED = N_("GLS has blocked this user")
NO_WEBAPI = N_("GLS has not allowed this user to use the WebAPI")
BY_LOCATION = N_("This user of GLS has to log in by a location's code: ask for another one")
IN_DEBT = N_("GLS takes no parcels: there are unpaid invoices")
BROKEN = N_("GLS failed: %(code)s")
SAYS = N_("GLS refuses: %(code)s")

NO_SESSION = N_("GLS gave no session")
NO_NUMBER = N_("GLS does not say which number the parcel has")
NOT_THERE = N_("GLS has no such parcel")
HANDED_OVER = N_("the parcel is on a hand-over protocol already: call GLS")
NEEDED = N_("this is needed")
WRONG_POSTCODE = N_("GLS does not know this postcode")
WRONG_COD = N_("GLS does not collect this sum")
NO_COD = N_("GLS does not collect money for this account")
ONLY_POLAND = N_("GLS has extra services within Poland only")
WRONG_PARCELS = N_("GLS does not take this number of parcels")
TOO_MANY = N_(
    "GLS cannot be asked by our number, and there are more than %(most)s parcels or protocols to "
    "look through: see in ADE-Plus whether the parcel is there"
)
