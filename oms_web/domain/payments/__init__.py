"""Money received and given back, as facts on an order."""
