"""Orders: what a buyer asked for, what phase it is in, what holds it up."""
