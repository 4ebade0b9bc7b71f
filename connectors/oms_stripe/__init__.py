"""Stripe: payments at its checkout pages, and money back the way it came.

``docs/connectors/stripe.md`` says what it does, and what was not tried.
"""

from oms_connector import Connector, hookimpl

from oms_stripe.connector import StripeConnector

__all__ = ["StripeConnector", "oms_connectors"]


@hookimpl
def oms_connectors() -> list[type[Connector]]:
    """The connectors of this package."""
    return [StripeConnector]
