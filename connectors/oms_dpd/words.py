"""What the connector says to people: English templates, so that the app can translate them."""

from __future__ import annotations

from oms_connector import N_

HELP = N_(
    "Labels of DPD Polska with your own contract. Ask your adviser at DPD for access to the REST "
    "API (DPDServices): a login, a password and your FID numbers; and for InfoServices, if parcels "
    "are to be followed."
)
URL = N_("Where the account is")
LOGIN = N_("Login for DPDServices")
PASSWORD = N_("Password for DPDServices")
MASTER = N_("Master FID")
PAYER = N_("Payer's FID")
PAYER_HELP = N_("The number of the contract that pays for the parcels; often the master FID.")

FOLLOWS = N_("Follow parcels")
FOLLOWS_HELP = N_("By InfoServices, with the same login. DPD has to allow it.")
NO_FOLLOWING = N_("DPD does not let this login ask InfoServices where parcels are")

NO_JSON = N_("DPD answered something that is no JSON")
STATUS = N_("DPD answered with status %(status)s")
NO_NUMBER = N_("DPD does not say which number this parcel has")
NO_LABEL = N_("DPD sent something that is no label of this kind")
REFUSED_LOGIN = N_("DPD does not accept the login and password")
REFUSED_FID = N_("DPD does not let this login use the FID (%(code)s)")
WRONG_FID = N_("a FID has digits only")
NOT_THERE = N_("DPD does not know this parcel")
REFUSES = N_("DPD refuses (%(code)s)")

MISSING = N_("it is missing")
NO_SERVICE = N_("DPD has no such service here")
POLAND = N_("this service goes to Poland only")
POSTCODE = N_("a Polish postcode is 00-000")
NO_POINT = N_("choose a Pickup point")
ONE_PARCEL = N_("one parcel only: book the others by themselves")
NO_WEIGHT = N_("its weight is missing")
TOO_HEAVY = N_("it is heavier than 31.5 kg")
LONG = N_("it is longer than %(most)s characters")
