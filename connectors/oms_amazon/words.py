"""What the connector says to people: English templates, so that the app can translate them."""

from __future__ import annotations

from oms_connector import N_

HELP = N_(
    "Orders, stock, prices, parcels, returns and invoices of an Amazon seller account with a "
    "Professional plan. You need a private application of your own. In Seller Central: Apps and "
    "Services, Develop Apps, Add new app client, SP API. Give it the roles Product Listing, "
    "Pricing, Inventory and Order Tracking, Selling Partner Insights, Direct-to-Consumer Shipping "
    "and Tax Invoicing: without the last two Amazon shows no names, streets and tax numbers."
)

MARKETPLACES = N_("Marketplaces")
MARKETPLACES_HELP = N_(
    "Country codes, separated by commas: PL, DE, FR. All of them must be of one region: Europe, "
    "the Americas or the Far East. For another region connect another account."
)
SELLER_ID = N_("Merchant token")
SELLER_ID_HELP = N_(
    "In Seller Central: Settings, Account Info, Business Information, Your Merchant Token. It "
    "begins with A."
)
CLIENT_ID = N_("LWA client identifier")
CLIENT_ID_HELP = N_(
    "In Seller Central: Apps and Services, Develop Apps, your application, LWA credentials, View. "
    "It begins with amzn1.application-oa2-client."
)
CLIENT_SECRET = N_("LWA client secret")
CLIENT_SECRET_HELP = N_(
    "Next to the client identifier. Amazon ends it after 180 days: create a new one there before "
    "that and type it here."
)
REFRESH_TOKEN = N_("Refresh token")
REFRESH_TOKEN_HELP = N_(
    "In Seller Central: Apps and Services, Develop Apps, the arrow beside Edit App, Authorize, "
    "Authorize app. It begins with Atzr| and is shown once. Amazon asks to authorise again every "
    "year."
)
ENVIRONMENT = N_("Environment")
ENVIRONMENT_HELP = N_("The sandbox answers with the same invented orders every time.")

NO_TOKEN = N_("Authorise the application in Seller Central and type the refresh token here.")
NO_CLIENT = N_("Type the client identifier and the client secret of your application.")
NO_PLACES = N_("Type at least one country: PL, for example.")
UNKNOWN_PLACE = N_("Amazon has no marketplace %(code)s that is known here.")
TWO_REGIONS = N_("These marketplaces are of different regions: %(codes)s.")
NOT_SOLD_THERE = N_("This account does not sell on %(code)s.")
WRONG_SELLER = N_("Amazon does not show the offers of this merchant token: %(why)s")
CLIENT_REFUSED = N_(
    "Amazon does not accept this client identifier and secret. A secret ends after 180 days: "
    "create a new one in Seller Central."
)
TOKEN_REFUSED = N_(
    "Amazon does not accept this refresh token any more. Authorise the application in Seller "
    "Central again and type the new one."
)
NO_RIGHTS = N_(
    "Amazon does not let this application do that: %(why)s Look in Seller Central whether the "
    "authorisation still stands and the application has the roles it needs, and authorise it again."
)
TOKEN_ENDED = N_("The access token ended early; a new one is fetched.")

STATUS = N_("Amazon answered %(status)s.")
NO_JSON = N_("Amazon's answer cannot be read.")
LACKS = N_("Amazon's answer lacks %(names)s.")
NOT_STORED = N_("Amazon's file store answered %(status)s.")
LARGE_DOCUMENT = N_("Amazon's document is too large to be read.")
BAD_DOCUMENT = N_("Amazon's document cannot be read.")
HISTORY_GONE = N_("Amazon shows orders of the last two years; this account was last read before.")

NO_QUANTITY = N_("A quantity is a whole number, zero or more.")
NO_OFFER = N_("Amazon has no such offer.")
AMAZON_COUNTS = N_("Amazon sends this offer from its own warehouse and counts it itself.")
OTHER_CURRENCY = N_("This marketplace sells in %(currency)s.")
NOT_TAKEN = N_("Amazon did not say why.")

AMAZON_SENDS = N_("Amazon sends this order from its own warehouse.")
NOT_TO_SEND = N_("An order that is %(status)s on Amazon is not sent.")
NOTHING_LEFT = N_("Nothing of this order is left to be sent.")
STILL_PENDING = N_("Amazon has not confirmed this order yet; it cannot be called off.")
SENT_ALREADY = N_("The order has been sent already.")
NO_PARTS = N_("Amazon takes back whole orders only; refund a part in Seller Central.")
NO_ORDER = N_("Amazon has no such order.")

NOT_A_TEXT = N_("%(field)s is missing or not a text: %(found)s")
NOT_WHOLE = N_("%(field)s is not a whole number: %(found)s")
NOT_AN_AMOUNT = N_("%(field)s is not an amount: %(found)s")
NOT_A_DATE = N_("%(field)s is not a date: %(found)s")
NO_CURRENCY = N_("Neither a price nor a known marketplace tells the currency.")
