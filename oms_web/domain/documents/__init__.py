"""Papers: invoices with numbers that have no gaps, and slips that need none."""
