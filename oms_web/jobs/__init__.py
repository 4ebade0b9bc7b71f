"""The clock's door: what rings, who works, and what each kind of task does."""
