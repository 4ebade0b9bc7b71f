"""What the connector says to people: English templates, so that the app can translate them."""

from __future__ import annotations

from oms_connector import N_

HELP = N_("Orders, stock, prices, parcels, statuses and credit slips of a PrestaShop shop.")

URL = N_("Address of the shop")
URL_HELP = N_("With https://, as buyers see it. Not the address of the back office.")
KEY = N_("Webservice key")
KEY_HELP = N_(
    "In the back office: Advanced Parameters, Webservice. Switch the webservice on, save, then Add "
    "new webservice key, Generate, and tick the permissions. The connection test names those that "
    "are missing."
)
SHOP = N_("Number of the shop (multistore only)")
SHOP_HELP = N_(
    "Leave it empty if there is one shop. With several: the ID in Advanced Parameters, Multistore."
)
READY = N_("Own statuses that mean: to be sent")
SHIPPED = N_("Own statuses that mean: sent")
WAITING = N_("Own statuses that mean: waits for money")
CANCELLED = N_("Own statuses that mean: called off")
OWN_HELP = N_(
    "Names or IDs from Shop Parameters, Order Settings, Statuses, separated by commas. Statuses of "
    "your own that are ticked as paid or shipped there need not be named. Orders with any other "
    "status of your own are put aside."
)
SENT = N_("Status to set when the parcels have left")
SENT_HELP = N_("Its name or ID. Empty: the shop's own status \"Shipped\".")
QUIET = N_("No mail to buyers when a status is set from here")
QUIET_HELP = N_("Otherwise the shop mails what the status's own settings in PrestaShop say.")

NO_TLS = N_("The shop's address must begin with https://, or the key could be read on the way.")
NO_API = N_(
    "There is no PrestaShop webservice at this address. If the shop is right, its hosting does not "
    "pass /api on: in the back office, Shop Parameters, Traffic & SEO, save the page once."
)
MOVED = N_("The shop answers at another address: %(url)s. Type that one.")
OFF = N_(
    "The webservice is switched off. In the back office: Advanced Parameters, Webservice, Enable "
    "PrestaShop's webservice: Yes."
)
WALL = N_("Something in front of the shop refuses this request (%(status)s).")
KEY_REFUSED = N_(
    "The shop does not accept this key. If it is right and enabled, the hosting may drop the "
    "Authorization header: in the back office, Webservice, switch on the CGI mode of PHP."
)
KEY_FORM = N_("A webservice key has 32 characters.")
LACKS_RIGHTS = N_("This key lacks permissions: %(missing)s. Tick them in the back office.")
NO_SHOP = N_("There is no shop with this number, or the key is not for it.")
NO_ZONE = N_("The shop's time zone %(zone)s is not known here.")
NO_SENT = N_("The shop has no status %(status)s.")

STATUS = N_("The shop answered %(status)s.")
NO_JSON = N_("The shop answers with a page for people instead of data.")
NO_LIST = N_("The shop's answer is no list of %(names)s.")
LACKS = N_("The shop's answer lacks %(names)s.")
SAYS = N_("The shop refuses: %(why)s")
NO_PATCH = N_(
    "The shop does not take this change: prices can be set from PrestaShop 8 on, with the "
    "permission to Patch products and combinations."
)

NO_QUANTITY = N_("A quantity is a whole number from zero up.")
NO_OFFER = N_("%(ref)s is no number of a product or a combination.")
NO_PRODUCT = N_("The shop does not have this product.")
VARIANTS = N_("The product has combinations: each of them has a quantity and a price of its own.")
DEPENDS = N_("The shop counts this product by its warehouses and takes no quantity.")
SHARED_ROWS = N_("Several shops count this product. Say in the settings which one is meant.")
NOT_TAKEN = N_("The shop kept another quantity: %(found)s.")
OTHER_CURRENCY = N_("The shop's prices are in %(currency)s.")
NO_TAX = N_("The shop does not tell what tax is on this product.")
REDUCED = N_(
    "A specific price lowers this product's price in the shop. End it there first."
)
OTHER_PRICE = N_("The shop shows %(found)s.")

NO_ORDER = N_("The shop does not have this order.")
NOT_TO_SEND = N_("The order is called off in the shop: nothing is to be sent any more.")
SENT_ALREADY = N_("The order was sent already: give a credit slip in the shop instead.")
WHOLE_ONLY = N_("PrestaShop's webservice calls off whole orders only.")
NO_STATUS = N_("The shop has no status with the number %(status)s.")
CHANGED = N_("The order has changed in the shop.")

NOT_A_NUMBER = N_("%(field)s is not a number of a thing: %(found)s")
NOT_WHOLE = N_("%(field)s is not a whole number: %(found)s")
NOT_A_MOMENT = N_("%(field)s is not a moment: %(found)s")
NOT_KNOWN = N_("%(field)s is none that the shop knows: %(found)s")
OTHER_LINES = N_("%(field)s: the order's lines changed while it was read: %(found)s")
NEW_STATUS = N_(
    "The status %(found)s is one of the shop's own. Say in the account's settings what it means, "
    "or tick it in PrestaShop as paid or shipped."
)
