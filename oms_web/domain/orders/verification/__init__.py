"""Verification of an order: what is doubtful about it, who settled that, and how."""
