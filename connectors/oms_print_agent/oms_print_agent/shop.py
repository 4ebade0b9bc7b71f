"""The shop's print door (``/api/v1``): what the agent says, and what it is told."""

from __future__ import annotations

import json
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.error import HTTPError, URLError
from urllib.request import Request, urlopen

from oms_print_agent.printers import Printer

SECONDS = 30


class ShopSilent(Exception):
    """The shop cannot be reached now; nothing is lost."""


class ShopRefuses(Exception):
    """The shop said no: a wrong key or address. Waiting does not mend it."""


@dataclass(frozen=True)
class Job:
    """Something to be printed."""

    id: int
    printer: str
    title: str
    copies: int


class Shop:
    """One shop, called with one key. A call that is repeated after silence is the same call."""

    def __init__(self, url: str, key: str) -> None:
        self._base = url.rstrip("/") + "/api/v1"
        self._key = key
        self._taking = uuid.uuid4().hex

    def announce(self, station: str, printers: Sequence[Printer]) -> None:
        """Say where the agent stands and what it serves."""
        self._call("PUT", "/print-agent", {"station": station, "printers": [
            {"name": one.name, "format": one.format} for one in printers]})

    def take(self) -> Job | None:
        """The next job. The same question is asked until it is answered: no job is lost on the way.
        """
        job = self._call("POST", "/print-jobs/take", {}, self._taking)["job"]
        self._taking = uuid.uuid4().hex
        return Job(job["id"], job["printer"], job["title"], job["copies"]) if job else None

    def file(self, job: Job) -> bytes:
        """What is to be printed."""
        return self._send("GET", f"/print-jobs/{job.id}/file", None, {})

    def done(self, job: Job, printed: bool, message: str = "") -> None:
        """Say what became of a job."""
        self._call("POST", f"/print-jobs/{job.id}/done",
                   {"printed": printed, "message": message[:300]}, f"done-{job.id}-{printed}")

    def _call(self, method: str, path: str, body: Mapping[str, Any], repeat: str = "") -> Any:
        headers = {"Content-Type": "application/json"}
        if repeat:
            headers["Idempotency-Key"] = repeat
        return json.loads(self._send(method, path, json.dumps(body).encode("utf-8"), headers))

    def _send(self, method: str, path: str, body: bytes | None, headers: Mapping[str, str]
              ) -> bytes:
        request = Request(self._base + path, body, {  # noqa: S310 - the address of the shop
            "Authorization": f"Bearer {self._key}", **headers}, method=method)
        try:
            with urlopen(request, timeout=SECONDS) as answer:  # noqa: S310
                return bytes(answer.read())
        except HTTPError as error:
            said = _words(error.read())
            if error.code in (429, 500, 502, 503, 504):
                raise ShopSilent(f"the shop answered {error.code}: {said}") from None
            raise ShopRefuses(f"the shop answered {error.code}: {said}") from None
        except (URLError, OSError) as error:
            raise ShopSilent(f"the shop does not answer: {error}") from None


def _words(body: bytes) -> str:
    try:
        return str(json.loads(body)["detail"])
    except (ValueError, LookupError, TypeError):
        return "no reason given"
