"""What the connector says to people: English templates, so that the app can translate them."""

from __future__ import annotations

from oms_connector import N_

HELP = N_("Parcels to machines and points with your own ORLEN Paczka agreement.")

PLACE = N_("Where the account is")
PLACE_HELP = N_("The test system takes parcels that are never carried, with a key of its own.")
PARTNER = N_("PartnerID")
PARTNER_HELP = N_("ORLEN Paczka sends it by e-mail when the agreement begins.")
KEY = N_("PartnerKey")
KEY_HELP = N_("The same as the password of WebTrucker: it changes when that is changed.")

PARCEL = N_("ORLEN Paczka")

REFUSED_KEY = N_("ORLEN Paczka does not accept the PartnerID or the PartnerKey")
SAYS = N_("ORLEN Paczka refuses: %(why)s")
BROKEN = N_("ORLEN Paczka failed: %(why)s")
NO_CODE = N_("ORLEN Paczka does not say which number the parcel has")
NO_ROW = N_("ORLEN Paczka answered without saying whether it was done")
NO_LABEL = N_("ORLEN Paczka has no label of this parcel")
NOT_A_POINT = N_("this is no point of ORLEN Paczka: WA-116263-K1-02, or its number 116263")
NO_PHONE = N_("a Polish mobile number is needed: the code for the machine is sent to it")
CANNOT_BE_ASKED = N_(
    "ORLEN Paczka cannot be asked by our number: see in WebTrucker whether the parcel is there"
)
