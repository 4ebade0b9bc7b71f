"""A program that calls the API with a key."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from flask import Flask
from flask.testing import FlaskClient
from oms_api import ApiConnector
from werkzeug.test import TestResponse

from oms_web.core.work import Works
from oms_web.domain.users import api_keys
from oms_web.domain.users.scopes import SCOPES
from oms_web.sync import accounts
from tests.conftest import TESTER

_names = itertools.count(1)


@dataclass(frozen=True)
class Caller:
    """``key_id`` and ``account_id`` are the rows of its key and of its orders' channel."""

    client: FlaskClient
    key: str
    key_id: int
    account_id: int

    def get(self, path: str, **query: Any) -> TestResponse:
        """Look."""
        return self.client.get(f"/api/v1{path}", query_string=query, headers=self.headers())

    def post(self, path: str, body: Any = None, repeat: str = "", **headers: str) -> TestResponse:
        """Do something, under a new name unless one is given."""
        named = {"Idempotency-Key": repeat or f"call-{next(_names)}"}
        return self.client.post(f"/api/v1{path}", json=body if body is not None else {},
                                headers=self.headers() | named | headers)

    def put(self, path: str, body: Any, **headers: str) -> TestResponse:
        """Make it so."""
        return self.client.put(f"/api/v1{path}", json=body, headers=self.headers() | headers)

    def headers(self) -> dict[str, str]:
        """What every call carries."""
        return {"Authorization": f"Bearer {self.key}"}


def make_caller(app: Flask, works: Works, scopes: Sequence[str] = tuple(SCOPES), *,
                name: str = "Own shop", expires_at: datetime | None = None) -> Caller:
    """A program with a new key and a channel of the same name."""
    with works.writing(TESTER) as work:
        account = accounts.connect(work, ApiConnector, name, {}, {}, publish_stock=False)
        row, key = api_keys.create(work, name, scopes, expires_at, account.id)
    return Caller(app.test_client(), key, row.id, account.id)


def order_body(external_id: str = "WEB-1", **values: Any) -> dict[str, Any]:
    """An order that can be packed at once."""
    return {
        "external_id": external_id, "placed_at": "2026-11-23T10:00:00Z", "currency": "PLN",
        "lines": [{"sku": "A", "title": "Kubek", "quantity": 2, "unit_price": "20.00"}],
        "shipping": "9.99", "buyer": {"name": "Anna Testowa", "email": "anna@example.test"},
        "ship_to": {"name": "Anna Testowa", "street": "Prosta 1", "postcode": "00-001",
                    "city": "Warszawa", "country": "PL", "phone": "600100200"},
    } | values


def walked(caller: Caller, path: str, limit: int = 2, **query: Any) -> list[Any]:
    """All items of a list, page by page; no page holds more than it may."""
    found, after = [], ""
    while True:
        answer = caller.get(path, limit=limit, **query, **({"after": after} if after else {}))
        assert answer.status_code == 200, answer.json
        assert len(answer.json["items"]) <= limit
        found += answer.json["items"]
        after = answer.json["next"]
        if after is None:
            return found


def fields(answer: TestResponse) -> list[str]:
    """The fields that a refusal names."""
    assert (answer.status_code, answer.mimetype) == (422, "application/problem+json"), answer.json
    return [one["field"] for one in answer.json["errors"]]
