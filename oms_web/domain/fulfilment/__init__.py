"""Picking and packing: who takes what from which shelf, and what went into which parcel."""
