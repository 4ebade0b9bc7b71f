"""Where we sell: connected accounts, their listings, and what stock each of them should show."""
