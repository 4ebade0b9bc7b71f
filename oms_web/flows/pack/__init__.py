"""Packing at the station: a scan opens an order, each unit is scanned, the last one closes it.

``opening`` finds what a code opens, ``scanning`` counts units, ``losing`` is for units that are
missing or damaged, ``trouble`` says why a parcel must not go on. Each scan is one transaction.
"""
