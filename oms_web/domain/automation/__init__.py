"""Work that is done for the seller: what was asked, and what became of it."""
