"""What the connector says to people: English templates, so that the app can translate them."""

from __future__ import annotations

from oms_connector import N_

HELP = N_("Orders, stock, prices, parcels and cancellations of a Vendure 3 shop.")

URL = N_("Address of the shop's server")
URL_HELP = N_("With https://, without /admin-api or /dashboard behind it.")
API_KEY = N_("API key")
API_KEY_HELP = N_(
    "Vendure 3.6 and newer. In the dashboard: Settings, API Keys, New API Key. Its role needs: "
    "read and update orders, read and update the catalog, read settings. Leave it empty to log in "
    "with a user instead."
)
USERNAME = N_("User")
USERNAME_HELP = N_(
    "Only without an API key. In the dashboard: Settings, Administrators, Create administrator, "
    "one for this app alone."
)
PASSWORD = N_("Password of the user")
CHANNEL = N_("Channel token")
CHANNEL_HELP = N_(
    "Only where the shop has several channels. In the dashboard: Settings, Channels, the channel. "
    "Connect each of them as an account of its own."
)
PATH = N_("Path of the Admin API")
PATH_HELP = N_("Only if the shop's developer has changed it.")
LOCATION = N_("Stock location")
LOCATION_HELP = N_(
    "Its name, where the channel has several. In the dashboard: Settings, Stock Locations. "
    "Quantities are written there."
)
READY = N_("Own order states that mean: to be sent")
SHIPPED = N_("Own order states that mean: sent")
OWN_HELP = N_(
    "Names of states that the shop's developer added, separated by commas, for example "
    "ReadyToPick. Orders in a state that is not named here are put aside. Write PaymentAuthorized "
    "here to send orders before their money is taken."
)
COD = N_("Payment methods that mean: cash on delivery")
COD_HELP = N_(
    "Codes, separated by commas. In the dashboard: Settings, Payment Methods. Codes that speak of "
    "cod or pobranie are known."
)
TAX_FIELD = N_("Own field with the tax number")
POINT_FIELD = N_("Own field with the parcel locker")
NOTE_FIELD = N_("Own field with the buyer's note")
FIELD_HELP = N_(
    "Where the shop's developer keeps it: order., customer. or address. and the field's name, for "
    "example order.taxId. Vendure itself has no such field."
)
EAN_FIELD = N_("Own field of variants with the EAN")
EAN_HELP = N_("Its name, for example ean.")

NO_TLS = N_("The shop's address must begin with https://, or the key could be read on the way.")
NO_API = N_("There is no Vendure Admin API at this address.")
MOVED = N_("The shop answers at another address: %(url)s. Type that one.")
KEY_REFUSED = N_(
    "The shop does not accept this API key. If it is right, API keys are not switched on: the "
    "shop's developer must add 'api-key' to tokenMethod in the Vendure configuration."
)
NO_SECRETS = N_("Type an API key, or a user and a password.")
LOGIN_REFUSED = N_("The shop does not accept this user and password.")
NO_LOGIN = N_("Users do not log in with a password here. Use an API key.")
NO_TOKEN = N_(
    "The shop gives no token when one logs in: the shop's developer must add 'bearer' to "
    "tokenMethod in the Vendure configuration. Or use an API key."
)
NO_RIGHTS = N_(
    "The role behind this key or user lacks a permission. It needs: read and update orders, read "
    "and update the catalog, read settings."
)
NO_RIGHT_TO = N_("The role behind this key or user may not %(what)s.")
READ_ORDERS = N_("read orders")
UPDATE_ORDERS = N_("update orders")
READ_CATALOG = N_("read the catalog")
UPDATE_CATALOG = N_("update the catalog")
NO_CHANNEL = N_("The shop has no channel with this token.")
NO_FIELD = N_("%(found)s is not the name of a field.")
NOT_IN_SCHEMA = N_("The shop does not know what it was asked for: %(why)s")

STATUS = N_("The shop answered %(status)s.")
BLOCKED = N_("Something in front of the shop refuses this request (403).")
NO_JSON = N_("The shop answers with a page for people instead of data.")
NO_LIST = N_("The shop's answer is not a list.")
LACKS = N_("The shop's answer lacks %(names)s.")
FAILED = N_("The shop failed with an error of its own (%(code)s).")
SHORT = N_("The shop's answer has fewer rows than it says.")
BROKEN_ROW = N_("The shop fails whenever it is asked for this one: %(why)s")

NO_QUANTITY = N_("A quantity is a whole number from zero up.")
NO_OFFER = N_("The shop does not have a variant %(ref)s in this channel.")
NO_LOCATION = N_(
    "The channel has no stock location. In the dashboard: Settings, Stock Locations, assign one to "
    "the channel."
)
WHICH_LOCATION = N_(
    "The channel has several stock locations. Say in the account's settings which of them is ours: "
    "%(names)s."
)
UNKNOWN_LOCATION = N_("The channel has no stock location %(name)s. It has: %(names)s.")
OTHERS_HOLD = N_("Other stock locations of the channel alone show %(count)s.")
NOT_TAKEN = N_("The shop kept another quantity: %(found)s.")
OTHER_CURRENCY = N_("The channel's prices are in %(currency)s.")
NOT_REACHED = N_(
    "The channel keeps prices without tax, and none of them makes %(price)s with tax. The nearest "
    "are %(below)s and %(above)s."
)
PRICE_NOT_TAKEN = N_("The shop kept another price: %(found)s.")
OTHER_ROWS = N_("The shop answered about other variants than it was asked about.")

NO_ORDER = N_("The shop does not have this order.")
NOT_TO_SEND = N_("The order is cancelled in the shop: nothing is to be sent any more.")
ALL_SENT = N_(
    "Everything of this order is already in parcels in the shop, and Vendure lets no tracking "
    "number be added to a parcel."
)
NO_STOCK = N_(
    "The shop counts fewer units in stock than are in this parcel. Correct its quantity, or let it "
    "be sent from here, and tell it again."
)
SENT_ALREADY = N_("That was sent already: refund it in the shop instead.")
NO_LINE = N_("The order has no line %(ref)s.")
CHANGED = N_("The order has changed in the shop.")

NOT_AN_ID = N_("%(field)s is not the id of a thing: %(found)s")
NOT_A_RATE = N_("%(field)s is not a rate of tax: %(found)s")
NEW_STATE = N_(
    "The state %(found)s is not one of Vendure's own. Say in the account's settings what it means."
)
