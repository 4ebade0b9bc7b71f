"""Targowisko: a small marketplace that does not exist, to try, show and test the product on.

It has offers, buyers, a seller's API and a seller's back office, and keeps its state in one
SQLite file. It knows nothing of the product: the connector beside it speaks to it over HTTP only.
"""
