"""Webhooks: addresses of other programs that are told what happens, and how each telling went."""
