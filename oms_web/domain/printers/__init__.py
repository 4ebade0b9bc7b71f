"""Printers at the stations: which there are, what goes to which, and what waits for them."""
