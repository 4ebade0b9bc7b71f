"""Ready profiles, one JSON document each: ``{"kind": ..., "profile": {...}}``."""
