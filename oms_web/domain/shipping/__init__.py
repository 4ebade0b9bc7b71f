"""Shipments: goods of an order leaving together, in one or more parcels."""
