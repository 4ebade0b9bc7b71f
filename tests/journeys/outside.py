"""Carriers and providers as stand-ins (``tests/contract``), connected to a shop in this process."""

from __future__ import annotations

import httpx2
from oms_connector.testing import Request, StandIn

from oms_web.adapters.http import AccountHttp
from oms_web.core.actor import SYSTEM
from oms_web.sync import accounts
from oms_web.sync.registry import Registry
from oms_web.wiring import Oms


def plug(oms: Oms, outside: StandIn, name: str) -> int:
    """Connect an account whose requests reach the stand-in; its id. One for a shop."""
    def answered(request: httpx2.Request) -> httpx2.Response:
        got = outside.exchange(Request(
            request.method, str(request.url),
            {name.lower(): value for name, value in request.headers.items()}, request.content))
        return httpx2.Response(got.status, headers=dict(got.headers), content=got.body)

    kind = outside.connector
    oms.__dict__["registry"] = Registry({kind.manifest.key: kind})
    oms.works.ports["children"] = None
    oms.works.ports["http"] = lambda base, headers, name, **more: AccountHttp(
        base, headers, loopback=True, name=name, transport=httpx2.MockTransport(answered),
        hosts=more["hosts"], renewal=more["renewal"], secrets=more["secrets"])
    with oms.works.writing(SYSTEM) as work:
        return accounts.connect(work, kind, name, outside.settings, outside.secrets).id
