"""What the bridge says to people: English templates, so that the app can translate them."""

from __future__ import annotations

from oms_connector import N_

HELP = N_(
    "Labels and tracking through karrio, a library of others. It reaches the carrier only through "
    "this program, and what it would send is held against what was ordered first."
)
TEST = N_("Use the carrier's test environment")
API_KEY = N_("API key")
SECRET_KEY = N_("Secret key")
ACCOUNT = N_("Account number at the carrier")
TRACK_KEY = N_("API key for tracking")
TRACK_SECRET = N_("Secret key for tracking")
TRACK_HELP = N_("Only if tracking is another project at developer.fedex.com.")
USER = N_("User name at the carrier")
PASSWORD = N_("Password")
BILLING = N_("Billing number")
BILLING_HELP = N_("Fourteen characters: the customer number, the procedure and the participation.")

NOT_INSTALLED = N_("karrio, or its plugin for this carrier, is not installed")
OTHER_KARRIO = N_("this version of karrio is built otherwise than the bridge expects")
ROUND = N_("karrio's plugin for this carrier goes round the program's own way to the network: "
           "%(names)s")
ELSEWHERE = N_("karrio asked for an address that is not this carrier's")
TWICE = N_("karrio wanted to send a second order for the same parcel")
STATUS = N_("the carrier answered with status %(status)s")
NO_SENSE = N_("the carrier's answer makes no sense")
NO_ACCESS = N_("the carrier does not accept the key or password")
NO_RIGHTS = N_("the carrier does not let this account do that")
REFUSES = N_("the carrier refuses (code %(code)s)")
BY_NUMBER = N_(
    "karrio cannot ask the carrier for a shipment by our reference. Look on the carrier's page "
    "before it is booked again."
)
ONCE = N_("the carrier gives its label only with the booking: print it again from the carrier's "
          "page, or take it back and buy another")
NO_LABEL = N_("the carrier took the parcel and sent no label that can be printed")
NOT_BUILT = N_("karrio cannot make a request of this booking")
OTHERWISE = N_("karrio would have told the carrier something else here; nothing was sent")
UNASKED = N_("karrio would have told the carrier something that nobody ordered (%(what)s); nothing "
             "was sent")
FROM_COUNTRY = N_("the service does not start in this country")
ALL_MEASURES = N_("all three measures are needed, or none")
