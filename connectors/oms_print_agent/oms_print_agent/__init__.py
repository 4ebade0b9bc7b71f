"""The print agent: fetches what is to be printed, prints it, says what became of it."""
