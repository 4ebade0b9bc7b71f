"""People who sign in: their roles, sessions and what each role may do."""
