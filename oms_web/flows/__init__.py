"""One story per file, across nouns, in one transaction. Flows never call each other."""
