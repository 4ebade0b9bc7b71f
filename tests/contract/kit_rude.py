"""A connector whose import does something: check 32 has to notice."""

from __future__ import annotations

import os

from tests.contract.kit_shop import KitShop

os.environ["OMS_KIT_RUDE"] = "was here"


class Rude(KitShop):
    """It sets the table of others while it is being imported."""
