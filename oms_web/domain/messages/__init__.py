"""Messages to buyers: templates, what was sent to whom, and the buyer's own page of an order."""
