"""What Allegro's answers look like."""

from __future__ import annotations

import json
from typing import Any

from oms_connector import Response

from tests.contract.allegro_shop import PUBLIC


def answer(status: int, document: Any, kind: str = PUBLIC) -> Response:
    """An answer with a document."""
    return Response(status, {"content-type": kind}, json.dumps(document).encode())


def refused(status: int, code: str, message: str, path: str | None = None) -> Response:
    """A refusal in Allegro's form."""
    return answer(status, {"errors": [{
        "code": code, "message": f"{message} (for programmers)", "userMessage": message,
        "details": None, "path": path, "metadata": {},
    }]})
