"""Packing at the station: a scan opens an order, each unit is scanned, the last one closes it.

``opening`` finds what a code opens, ``scanning`` counts units, ``closing`` is what a complete
parcel still needs (notes read, weighed), ``losing`` is for units that are missing or damaged,
``trouble`` says why a parcel must not go on, ``photos`` keeps what it looked like. Each scan is one
transaction.
"""
