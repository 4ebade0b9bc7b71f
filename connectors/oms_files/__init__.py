"""Orders, products and stock counts from files: CSV, TSV, XLSX, JSON and XML, by profiles.

A profile is a JSON document that says how a file is read; ``profiles/`` has ready ones. See
docs/connectors/files.md.
"""

from __future__ import annotations

from oms_connector import Connector, hookimpl

from oms_files.connector import FilesConnector

__all__ = ["FilesConnector", "oms_connectors"]


@hookimpl
def oms_connectors() -> list[type[Connector]]:
    """The connectors in this distribution."""
    return [FilesConnector]
