"""The nouns of the trade, one package each, in rank order: a lower one never imports a higher one.

audit, company, users, catalog, channels, stock, orders, payments, fulfilment, shipping,
documents, returns. No Flask, no connector SDK in here.
"""
