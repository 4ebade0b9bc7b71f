"""Connectors in processes of their own: what one does wrong, it does to itself. See ADR 0008.

``inside`` is the program that runs there and ``walls`` what locks it up; ``child`` is one such
process seen from here, ``children`` keeps a few warm, ``remote`` makes one look like a connector.
"""
