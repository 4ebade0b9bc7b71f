"""What the connector says to people: English templates, so that the app can translate them."""

from __future__ import annotations

from oms_connector import N_

HELP = N_("Orders, stock, prices, parcels and refunds of a WooCommerce shop.")

URL = N_("Address of the shop")
URL_HELP = N_("With https://, as it stands in WordPress under Settings, General.")
KEY = N_("Consumer key")
KEY_HELP = N_(
    "In WordPress: WooCommerce, Settings, Advanced, REST API, Add key, with Read/Write permissions."
)
SECRET = N_("Consumer secret")
READY = N_("Own statuses that mean: to be sent")
SHIPPED = N_("Own statuses that mean: sent")
OWN_HELP = N_(
    "Short names of statuses that a plugin added, separated by commas, for example "
    "awaiting-shipment. Orders with a status that is not named here are put aside."
)

NO_TLS = N_("The shop's address must begin with https://, or the key could be read on the way.")
NO_API = N_("There is no WordPress with its REST interface at this address.")
MOVED = N_("The shop answers at another address: %(url)s. Type that one.")
PLAIN = N_(
    "The shop's links are set to Plain, so WooCommerce cannot be reached. In WordPress: Settings, "
    "Permalinks, choose any other form."
)
NO_WOOCOMMERCE = N_("WordPress is there, but WooCommerce is not active, or older than 3.5.")
NOT_OPEN = N_("Something in front of the shop asks for a password or refuses programs.")
KEY_REFUSED = N_(
    "The shop does not accept this key. If it is right, the hosting may drop the Authorization "
    "header: ask them to pass it on."
)
READ_ONLY = N_("This key may only read. Give it Read/Write permissions.")
NO_RIGHTS = N_("The user of this key lacks rights in the shop: %(why)s")

STATUS = N_("The shop answered %(status)s.")
NO_JSON = N_("The shop answers with a page for people instead of data.")
BLOCKED = N_("A firewall in front of the shop refuses this request (%(status)s).")
NO_LIST = N_("The shop's answer is not a list.")
LACKS = N_("The shop's answer lacks %(names)s.")
NO_ROUTE = N_("This shop does not have that part of the interface.")
OLD = N_("Refunds of a whole shop can be read from WooCommerce 9.0 on. Update it.")
OTHER_ROWS = N_("The shop answered about other products than it was asked about.")

NO_QUANTITY = N_("A quantity is a whole number from zero up.")
NO_OFFER = N_("%(ref)s is no number of a product or a variation.")
OTHER_CURRENCY = N_("The shop's prices are in %(currency)s.")
NOT_TAKEN = N_("The shop kept another quantity: %(found)s.")

NO_ORDER = N_("The shop does not have this order.")
NOT_TO_SEND = N_("The order is %(status)s in the shop: nothing is to be sent any more.")
SENT_ALREADY = N_("The order was sent already: refund it in the shop instead.")
NO_LINE = N_("The order has no line %(ref)s.")
CHANGED = N_("The order has changed in the shop.")

NO_SECRET = N_("There is no secret to check the signature with.")
BAD_SIGNATURE = N_("The signature is not the shop's.")
NO_EVENT = N_("The delivery does not say what it is about.")

NOT_A_NUMBER = N_("%(field)s is not a number of a thing: %(found)s")
NEW_STATUS = N_(
    "The status %(found)s is not one of WooCommerce's own. Say in the account's settings what it "
    "means."
)

NOT_CONFIRMED = N_("The shop has noted this refund; its gateway has not confirmed it.")
