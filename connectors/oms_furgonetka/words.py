"""What the connector says to people: English templates, so that the app can translate them."""

from __future__ import annotations

from oms_connector import N_

HELP = N_(
    "Labels of many couriers and lockers over one broker. In Furgonetka: Integrations, API, make "
    "an OAuth application. Accept the carriers' terms there first."
)
URL = N_("Where the account is")
CLIENT = N_("Client ID")
CLIENT_HELP = N_("Of the OAuth application. The sandbox has applications of its own.")
SECRET = N_("Client secret")
USERNAME = N_("E-mail you sign in to Furgonetka with")
PASSWORD = N_("Password for Furgonetka")
PASSWORD_HELP = N_("Two-step sign-in must be off for this user.")
IBAN = N_("Bank account for cash on delivery")
IBAN_HELP = N_("Where Furgonetka sends what couriers collect.")
HOLDER = N_("Holder of that account")

NO_JSON = N_("Furgonetka answered something that is no JSON")
STATUS = N_("Furgonetka answered with status %(status)s")
NO_ID = N_("Furgonetka does not say which package this became")
NO_LABEL = N_("Furgonetka has no whole label of this package yet")
OTHER_LABEL = N_("Furgonetka keeps this label in another format only")
WORKING = N_("Furgonetka is still working on it")
LACKS = N_("Furgonetka's answer lacks %(names)s")

CLIENT_REFUSED = N_("Furgonetka does not accept the application's ID and secret")
USER_REFUSED = N_("Furgonetka does not accept the e-mail and password")
TWO_STEPS = N_("two-step sign-in is on for this user; turn it off or use another one")
TOKEN_REFUSED = N_("Furgonetka does not accept the access any more")
NO_RIGHTS = N_("this user may not do that at Furgonetka")

NOT_THERE = N_("Furgonetka does not know this")
SAYS = N_("Furgonetka does not accept this (%(why)s)")
REFUSES = N_("Furgonetka refuses (%(why)s)")
NOT_ORDERED = N_("Furgonetka could not order it: %(why)s")
TOO_LATE = N_("Furgonetka could not call it off: %(why)s")

MISSING = N_("it is missing")
NO_SERVICE = N_("choose one of the account's services")
CONTACT = N_("couriers need it")
NO_POINT = N_("choose a locker or point")
NO_MEASURES = N_("a parcel needs its three measures")
NO_WEIGHT = N_("its weight is missing")
ONE_PARCEL = N_("one parcel only: book the others by themselves")
CURRENCY = N_("Furgonetka knows amounts in PLN only")
NO_IBAN = N_("cash on delivery needs a bank account: give it in the account's settings")
