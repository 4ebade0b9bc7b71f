"""Tpay: payments by link over its open API, and money back the way it came.

``docs/connectors/tpay.md`` says what it does, and what was not tried.
"""

from oms_connector import Connector, hookimpl

from oms_tpay.connector import TpayConnector

__all__ = ["TpayConnector", "oms_connectors"]


@hookimpl
def oms_connectors() -> list[type[Connector]]:
    """The connectors of this package."""
    return [TpayConnector]
