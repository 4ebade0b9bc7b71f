"""The till: drawers and who minds them, baskets being filled, what was sold and taken back."""
