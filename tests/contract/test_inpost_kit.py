"""The connector to InPost keeps every promise that is for a carrier."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress

from oms_connector import Refused
from oms_connector.testing import ConnectorKit
from oms_connector.testing.kit import check
from oms_inpost.connector import InpostConnector

from tests.contract.inpost_standin import ShipX


class TestInpostByTheKit(ConnectorKit):
    """All checks of the kit."""

    standin = ShipX


class Believing(InpostConnector):
    """Takes a refusal to call off for a yes."""

    def cancel_booking(self, reference: str, tracking: Sequence[str]) -> None:
        """Says nothing of it."""
        with suppress(Refused):
            super().cancel_booking(reference, tracking)


def test_a_label_that_a_carrier_takes_not_back_must_not_be_called_cancelled():
    shipx = type("Shipx", (ShipX,), {"connector": Believing})
    assert "no confirmed label back" in check(shipx, 61).reason
