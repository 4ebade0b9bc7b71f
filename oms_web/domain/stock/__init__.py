"""Stock as a ledger of moves between places, with reservations and the sums kept beside it.

This package knows demand, not orders: a reservation carries (kind, id) of whoever asked.
"""
