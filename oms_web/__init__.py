"""Order management for people who sell online. See docs/architecture.md for the map."""

__version__ = "0.1.0"
