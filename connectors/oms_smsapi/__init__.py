"""SMSAPI: text messages to phones over its HTTP API, sent once by a key and followed.

What the API is like was read in the vendor's own public clients; ``docs/connectors/smsapi.md`` says
what, and what was not tried.
"""

from oms_connector import Connector, hookimpl

from oms_smsapi.connector import SmsapiConnector

__all__ = ["SmsapiConnector", "oms_connectors"]


@hookimpl
def oms_connectors() -> list[type[Connector]]:
    """The connectors of this package."""
    return [SmsapiConnector]
