"""Bank statements: what came and went on an account, whose money it is, what is sent back by it."""
