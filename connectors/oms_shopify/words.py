"""What the connector says to people: English templates, so that the app can translate them."""

from __future__ import annotations

from oms_connector import N_

HELP = N_(
    "Orders, stock, prices, parcels and returns of a Shopify shop. In Shopify: Settings, Apps, "
    "Develop apps, Build apps in Dev Dashboard, Create app. Under Access choose the scopes "
    "read_orders, write_orders, read_products, write_products, read_inventory, write_inventory, "
    "read_locations, read_returns, read_merchant_managed_fulfillment_orders and "
    "write_merchant_managed_fulfillment_orders (and read_all_orders for orders older than 60 "
    "days), Release, then Install app in your shop. Its Client ID and secret are under Settings."
)

SHOP = N_("Address of the shop at Shopify")
SHOP_HELP = N_(
    "It ends in .myshopify.com, also where buyers see another address. In Shopify: Settings, "
    "Domains."
)
CLIENT_ID = N_("Client ID")
CLIENT_ID_HELP = N_(
    "In the Dev Dashboard: your app, Settings. App and shop must belong to the same organization. "
    "Leave it empty if you type an access token below."
)
CLIENT_SECRET = N_("Client secret")
CLIENT_SECRET_HELP = N_(
    "Beside the Client ID; of an older app it is called API secret key. Webhooks are signed with "
    "it."
)
TOKEN = N_("Admin API access token")
TOKEN_HELP = N_(
    "Only for an app that was made in the shop's own admin before 2026. It begins with shpat_. "
    "Leave it empty where there is a Client ID."
)
LOCATION = N_("Location")
LOCATION_HELP = N_(
    "Name of the location whose stock is kept here, as in Shopify under Settings, Locations. It "
    "may be left empty where there is only one. Buyers see the sum of all locations."
)
AUTHORIZED = N_("Send orders whose payment is only authorised")
AUTHORIZED_HELP = N_(
    "For shops that capture payments by hand or when the order is sent. Otherwise such orders wait "
    "until the money is captured."
)
NOTIFY = N_("Let Shopify mail buyers when their parcel leaves")

NOT_A_SHOP = N_("Type the shop's address that ends in .myshopify.com.")
NO_SHOP = N_("There is no Shopify shop at this address.")
NO_KEY = N_("Type the Client ID and the Client secret of your app, or an access token.")
KEY_REFUSED = N_("Shopify does not know this Client ID with this secret.")
TOKEN_REFUSED = N_("Shopify does not accept this access token.")
NOT_INSTALLED = N_("The app is not installed in this shop: in the Dev Dashboard, Install app.")
NOT_YOURS = N_(
    "App and shop do not belong to the same organization. Make the app in the Dev Dashboard of the "
    "shop's own organization."
)
GRANT_REFUSED = N_("Shopify gives no access: %(why)s")
SCOPES = N_("The app lacks rights: %(names)s. Add them, release the app and install it anew.")
NO_RIGHTS = N_("Shopify refuses this to the app: %(why)s")
NO_BUYERS = N_(
    "Shopify does not let this app see names and addresses of buyers. That depends on the shop's "
    "plan."
)
NO_LOCATION = N_("The shop has no location of this name. It has: %(names)s")
WHICH_LOCATION = N_("The shop has several locations. Say which one is kept here: %(names)s")

STATUS = N_("Shopify answered %(status)s.")
FROZEN = N_("The shop is closed or frozen at Shopify (%(status)s).")
NO_JSON = N_("Shopify answers with a page for people instead of data.")
LACKS = N_("Shopify's answer lacks %(names)s.")
TOO_FAST = N_("Shopify asks to slow down.")
TOO_DEAR = N_("Shopify finds this question too large.")
OTHER_ROWS = N_("Shopify answered about other things than it was asked about.")
FORGOTTEN = N_("Shopify shows orders of the last 60 days only.")

NO_QUANTITY = N_("A quantity is a whole number from zero up.")
NO_OFFER = N_("Shopify has no variant %(ref)s.")
OTHER_CURRENCY = N_("The shop's prices are in %(currency)s.")

NO_ORDER = N_("The shop does not have this order.")
CALLED_OFF = N_("The order was cancelled in Shopify.")
ON_HOLD = N_("The order is on hold in Shopify: release it there first.")
SCHEDULED = N_("The order is scheduled for later in Shopify: open it there first.")
ELSEWHERE = N_("Nothing of this order is left to be sent from here in Shopify.")
SENT_ALREADY = N_("The order was sent already: make a return in Shopify instead.")
NO_LINE = N_("The order has no line %(ref)s with so many units left.")
MANY_LINES = N_("The order has too many lines to be cut down from here.")
CHANGED = N_("The order has changed in Shopify.")
NO_STATUS = N_("Shopify knows no status %(status)s.")
NOT_NOW = N_("Shopify does not let this order be set to this status now.")

NO_SECRET = N_("There is no secret to check the signature with.")
BAD_SIGNATURE = N_("The signature is not Shopify's.")
NO_EVENT = N_("The delivery does not say what it is about.")

UNFULFILLED = N_("Unfulfilled")
IN_PROGRESS = N_("In progress")
HELD = N_("On hold")

NOT_AN_ID = N_("%(field)s is not the id of a thing: %(found)s")
NEW_STATUS = N_("%(field)s is a word that nobody knows here: %(found)s")
MANY_REFUNDS = N_("%(field)s: there are more than can be read at once: %(found)s")

BY_HAND = N_("The buyer paid in a way that the shop works by hand. Pay it back by a transfer.")
TOO_LARGE = N_("No single payment of this order has so much left to be given back.")
