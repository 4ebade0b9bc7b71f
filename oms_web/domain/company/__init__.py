"""The seller: whose shop this is, how it looks on paper, how it counts."""
