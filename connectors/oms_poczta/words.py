"""What the connector says to people: English templates, so that the app can translate them."""

from __future__ import annotations

from oms_connector import N_

HELP = N_("Pocztex with your own agreement with Poczta Polska (e-Nadawca).")

PLACE = N_("Where the account is")
PLACE_HELP = N_("The test system takes parcels that are never carried, with a login of its own.")
USERNAME = N_("User of e-Nadawca")
USERNAME_HELP = N_("The user must be allowed to use the WebAPI: ask your adviser at Poczta Polska.")
PASSWORD = N_("Password of e-Nadawca")
PASSWORD_HELP = N_("It ends after a while: change it in e-Nadawca before, and here then.")
OFFICE = N_("Number of the office where you post")
OFFICE_HELP = N_("As e-Nadawca shows it. Empty: the only one of your agreement.")
ACCOUNT = N_("Bank account for collected money")
ACCOUNT_HELP = N_("26 digits. Without it no cash is collected.")

COURIER = N_("Pocztex courier")
TO_POINT = N_("Pocztex to a point or a machine")

REFUSED_LOGIN = N_("e-Nadawca does not accept the user or the password")
WRONG_ACCOUNT = N_("A bank account has 26 digits")
WRONG_OFFICE = N_("Your agreement has no such office: choose one of %(offices)s")
SAYS = N_("e-Nadawca refuses: %(why)s")
BROKEN = N_("e-Nadawca failed: %(why)s")
NO_RECEIPT = N_("e-Nadawca does not say that it took the parcel")
NO_LABEL = N_("e-Nadawca has no label of this parcel")
NO_ACCOUNT = N_("enter the bank account for collected money in the settings of Poczta Polska")
TOO_MUCH = N_("at most %(most)s zł")
HANDED_OVER = N_("the parcel has been sent to the post office: call Poczta Polska")
NO_BUFFER = N_("e-Nadawca made no collection for the protocol")
NOT_MOVED = N_("e-Nadawca did not put all parcels on the protocol")
