"""What the connector says to people: English templates, so that the app can translate them."""

from __future__ import annotations

from oms_connector import N_

HELP = N_("Orders, stock, prices, shipments and returns of a Medusa shop.")

URL = N_("Address of the Medusa server")
URL_HELP = N_("With https://. It is the server's address, without /app, and not the storefront's.")
KEY = N_("Secret API key")
KEY_HELP = N_(
    "In Medusa Admin: Settings, Secret API Keys, Create. It begins with sk_ and is shown once."
)
CHANNEL = N_("Sales channel")
CHANNEL_HELP = N_(
    "Its name as it stands in Medusa under Settings, Sales Channels. Empty: all of them."
)
LOCATION = N_("Stock location")
LOCATION_HELP = N_(
    "Its name as it stands in Medusa under Settings, Locations & Shipping. May be empty where "
    "there is only one."
)
COD = N_("Payment providers that mean cash on delivery")
COD_HELP = N_(
    "Their ids, separated by commas, for example pp_system_default: what is paid through them "
    "comes with the courier."
)
AUTHORISED = N_("Orders may be sent when their payment is authorised")
AUTHORISED_HELP = N_("For shops that capture payments only when the goods leave.")

NO_TLS = N_("The shop's address must begin with https://, or the key could be read on the way.")
NO_MEDUSA = N_("There is no Medusa server at this address.")
MOVED = N_("The shop answers at another address: %(url)s. Type that one.")
PUBLISHABLE = N_("This is a publishable key, which begins with pk_. A secret one is needed.")
KEY_REFUSED = N_("The shop does not accept this key. It may have been revoked.")
NO_RIGHTS = N_("This key may not do that in the shop: %(why)s")
NO_CHANNEL = N_("The shop has no sales channel %(name)s. There are: %(names)s.")
NO_LOCATION = N_("The shop has no stock location %(name)s. There are: %(names)s.")
MANY_LOCATIONS = N_("The shop has several stock locations. Name one of them: %(names)s.")
NONE_YET = N_("none")

STATUS = N_("The shop answered %(status)s.")
NO_JSON = N_("The shop answers with a page for people instead of data.")
BLOCKED = N_("Something in front of the shop refuses this request (%(status)s).")
LACKS = N_("The shop's answer lacks %(names)s.")
NO_ROUTE = N_("This shop does not have that part of the interface. Medusa 2 is needed.")
BUSY = N_("The shop is busy with this very thing.")

NO_QUANTITY = N_("A quantity is a whole number from zero up.")
NO_OFFER = N_("The shop does not have the variant %(ref)s.")
NOT_COUNTED = N_(
    "The shop does not count this variant. In Medusa: Products, the variant, Edit, switch on "
    "Manage inventory."
)
NO_INVENTORY = N_(
    "This variant has no inventory item. In Medusa: Inventory, create one, then choose it in the "
    "variant under Manage inventory items."
)
OF_PARTS = N_("This variant is made of several inventory items; the shop counts those.")
NOT_TAKEN = N_("The shop kept another quantity: %(found)s.")
NET_PRICES = N_(
    "The shop keeps its prices in %(currency)s without tax. In Medusa: Settings, Store, "
    "Currencies, switch on Tax inclusive pricing."
)
PRICE_NOT_TAKEN = N_("The shop kept another price: %(found)s.")

NO_ORDER = N_("The shop does not have this order.")
CALLED_OFF = N_("The order is called off in the shop: nothing is to be sent any more.")
SENT_ALREADY = N_("The order was sent already: begin a return in the shop instead.")
SENT_THERE = N_(
    "The order was marked as sent in the shop, and tracking cannot be added to that any more."
)
NO_LINE = N_("The order has no line %(ref)s.")
BEING_EDITED = N_("Somebody is editing the order in the shop.")
CHANGED = N_("The order has changed in the shop.")
NO_STATUS = N_("The shop has no status %(status)s.")
NOT_SENT = N_("The order was not sent yet, so it cannot be delivered.")
COMPLETED = N_("Completed")
ARCHIVED = N_("Archived")
DELIVERED = N_("Delivered")

NO_SECRET = N_("There is no secret to check the signature with.")
BAD_SIGNATURE = N_("The signature is not the shop's.")
NO_EVENT = N_("The delivery does not say what it is about.")

NOT_WHOLE = N_("%(field)s is not a whole number: %(found)s")
NEW_STATUS = N_("%(field)s is %(found)s, which Medusa did not have when this was written.")
