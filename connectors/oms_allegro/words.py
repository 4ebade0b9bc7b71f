"""What the connector says to people: English templates, so that the app can translate them."""

from __future__ import annotations

from oms_connector import N_

HELP = N_("Orders, stock, prices, parcels, returns and invoices of an Allegro account.")

ENVIRONMENT = N_("Environment")
ENVIRONMENT_HELP = N_("The sandbox has accounts, applications and offers of its own.")
CLIENT_ID = N_("Client ID of your own application")
CLIENT_ID_HELP = N_("Leave it empty to let this installation register itself.")
CLIENT_SECRET = N_("Client Secret of your own application")
STATEMENT = N_("Software statement ID")
STATEMENT_HELP = N_("What Allegro knows this software by. Needed to let it register itself.")
CODE = N_("One-time code")
CODE_HELP = N_(
    "In Allegro: My account, Security, Generate a code. It is good for two minutes, and needed "
    "once, to let this installation register itself."
)
RESUME = N_("Put ended offers back on sale when units return")
RESUME_HELP = N_(
    "Allegro ends an offer at zero units. With this, offers that were sold out or ended by you go "
    "back on sale with the next quantity. Leave it off if you keep ended offers of goods that you "
    "sell elsewhere."
)

SHIPPING = N_("Send parcels with Allegro (Wysyłam z Allegro)")
MESSAGES = N_("Read and answer buyers' messages (Message Center)")
MESSAGES_HELP = N_(
    "Asks for one more permission: connect the account again after you have switched it on. "
    "Letters to buyers then go through Allegro and not by e-mail."
)
SHIPPING_HELP = N_(
    "Buys labels with this account. The application needs the rights to shipments; connect the "
    "account again after switching this on."
)

REFUNDS = N_("Give buyers their money back, and claim the commission back")
REFUNDS_HELP = N_(
    "The application needs the rights to payments; connect the account again after switching this "
    "on."
)

NOT_CONNECTED = N_("This account is not connected to Allegro yet.")
TOKEN_REFUSED = N_(
    "Allegro does not accept this connection any more, or it was made for the other environment. "
    "Connect the account again."
)
NO_RIGHTS = N_("Allegro does not let this application do that: %(why)s")
NO_CLIENT = N_("Type the Client ID and Client Secret of an application, or register this one.")
CLIENT_REFUSED = N_("Allegro does not know this Client ID and Client Secret.")
NO_STATEMENT = N_("Without a software statement ID this installation cannot register itself.")
NO_CODE = N_("Generate a one-time code in Allegro and type it here.")
CODE_REFUSED = N_("Allegro does not accept this one-time code. Generate a new one.")
NOT_REGISTERED = N_("Allegro did not register this installation: %(why)s")
DENIED = N_("The connection was refused in Allegro.")
GRANT_REFUSED = N_("Allegro does not accept this any more: %(why)s Connect the account again.")

STATUS = N_("Allegro answered %(status)s.")
LACKS = N_("Allegro's answer lacks %(names)s.")
WITHDRAWN = N_("Allegro does not offer this part of its interface any more.")
HISTORY_GONE = N_("Allegro keeps events for 60 days; this account was last read before that.")
GONE = N_("The journal says that this order is to be sent, but Allegro does not show it.")

NO_QUANTITY = N_("A quantity is a whole number, zero or more.")
STILL_ENDED = N_("The offer is not on sale.")
NO_TASK = N_("Allegro did not say why.")

LONG_NUMBER = N_("Allegro takes tracking numbers of at most %(most)s characters.")
TAKEN_NUMBER = N_("Allegro refuses this tracking number for the order: %(why)s")
ALLEGRO_SENDS = N_("Allegro sends this order from its own warehouse.")
NOT_SETTABLE = N_("Allegro has no status %(status)s that a seller can set.")
CHANGED = N_("The order has changed on Allegro.")
NO_PARTS = N_("Allegro cannot cancel a part of an order: refund it instead.")

NO_MESSAGES = N_(
    "This account did not agree to reading and writing messages. Switch it on in its settings and "
    "connect it again."
)
LONG_MESSAGE = N_("Allegro takes messages of at most %(most)s characters.")
NOT_A_FLAG = N_("%(field)s is neither true nor false: %(found)s")
NO_SHIPPING = N_(
    "This account did not agree to sending parcels with Allegro. Switch it on in its settings and "
    "connect it again."
)
PDF_ONLY = N_("Labels of Allegro are kept as PDF only.")
NO_FILE = N_("Allegro has no whole document for this yet.")
WORKING = N_("Allegro is still working on it.")
NO_COURIER = N_("Allegro proposes no time at which a courier could come for these parcels.")
NO_SERVICE = N_("Choose one of the account's delivery services.")
NO_POINT = N_("This service needs a locker or point.")
NO_MEASURES = N_("A parcel needs its three measures.")
MISSING = N_("It is missing.")

NO_REFUNDS = N_(
    "This account does not give money back by Allegro. Switch it on in its settings and connect it "
    "again."
)
NO_REFUND_RIGHTS = N_(
    "The application has no right to payments: %(why)s Give it to the application and connect the "
    "account again."
)
NOT_PAID_HERE = N_("The buyer did not pay this order by Allegro.")
NO_SUCH_LINE = N_("The order has no such line.")
MORE_THAN_GOODS = N_("Allegro gives no more back than the goods cost.")
ALLEGRO_REFUNDS = N_("Allegro itself gives the money of this order back.")

LARGE_FILE = N_("Allegro takes files of at most 3 MB.")
SCANNING = N_("Allegro is still checking the file that was sent before.")


NEW = N_("New")
PROCESSING = N_("In progress")
READY_FOR_SHIPMENT = N_("Ready for shipment")
READY_FOR_PICKUP = N_("Ready for pickup")
SENT = N_("Sent")
PICKED_UP = N_("Picked up")
CANCELLED = N_("Cancelled")
SUSPENDED = N_("Suspended")

ONLINE = N_("Online payment")
WIRE_TRANSFER = N_("Bank transfer")
CASH_ON_DELIVERY = N_("Cash on delivery")
SPLIT_PAYMENT = N_("Split payment")
EXTENDED_TERM = N_("Extended payment term")
