"""What the connector says to people: English templates, so that the app can translate them."""

from __future__ import annotations

from oms_connector import N_

HELP = N_(
    "Enters your invoices, corrections and pro formas into Fakturownia. It brings no orders. If "
    "documents go to KSeF from here, switch off the automatic sending to KSeF in Fakturownia: "
    "otherwise they are issued twice.")

ACCOUNT = N_("Name of the account")
ACCOUNT_HELP = N_("The first part of your address there: mycompany of mycompany.fakturownia.pl.")
TOKEN = N_("API authorisation code")
TOKEN_HELP = N_("In Fakturownia: Settings, Account settings, Integration.")
DEPARTMENT = N_("Department")
DEPARTMENT_HELP = N_(
    "The number of the company or department that documents belong to, where the account has "
    "several; else leave it empty.")

REFUSED_KEY = N_("Fakturownia does not accept the API code")
NO_ACCOUNT = N_("Fakturownia has no account of this name")
NO_DEPARTMENT = N_("Fakturownia has no department of this number")
FIELDS = N_("Fakturownia refuses: %(fields)s")
CODE = N_("Fakturownia refuses: %(code)s")
OTHERWISE = N_("Fakturownia counts it otherwise: at %(rate)s it would make net %(net)s and VAT "
               "%(vat)s, the document says %(own_net)s and %(own_vat)s")
NO_RATE = N_("Fakturownia has no VAT rate %(rate)s")
RECEIPT = N_("Fakturownia takes an invoice to a receipt only together with that receipt. Enter it "
             "there by hand")
NO_LINES = N_("A correction of the buyer's data has no sums. Enter it there by hand")
NO_ORIGINAL = N_("%(number)s, which this corrects, is not in Fakturownia. Enter it there first")
NO_BASIS = N_("The document does not say why it is exempt from VAT")
CENTS = N_("Fakturownia counts hundredths; %(amount)s %(currency)s has more digits")
NOT_THE_SAME = N_("Fakturownia made something else of it")
TOO_MANY = N_("Fakturownia lists too many documents under this number")
GONE = N_("It is not in Fakturownia any more")
