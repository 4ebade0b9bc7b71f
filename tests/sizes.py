"""How large the large proofs are: a part of them for every change, the whole before a release.

The figures of the reliability bars are the whole ones; ``OMS_WHOLE=1 ./oms test`` runs those.
What is proved is the same at either size, and so are the controls.
"""

from __future__ import annotations

import os

import pytest

WHOLE = os.environ.get("OMS_WHOLE", "") not in ("", "0")
whole_only = pytest.mark.skipif(not WHOLE, reason="a large proof: OMS_WHOLE=1 runs it")
"""For what another proof, which always runs, stands for in part."""


def size(part: int, whole: int) -> int:
    """``whole`` when the whole proof was asked for, else ``part``."""
    return whole if WHOLE else part
