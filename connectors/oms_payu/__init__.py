"""PayU: payments by link over its REST API 2.1, and money back the way it came.

``docs/connectors/payu.md`` says what it does, and what was not tried.
"""

from oms_connector import Connector, hookimpl

from oms_payu.connector import PayuConnector

__all__ = ["PayuConnector", "oms_connectors"]


@hookimpl
def oms_connectors() -> list[type[Connector]]:
    """The connectors of this package."""
    return [PayuConnector]
