"""Our patience with the outside: what to fetch next, what to send, what could not be read."""
