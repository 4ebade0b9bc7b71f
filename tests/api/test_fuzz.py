"""A fuzzer that knows our own document: whatever it sends, the answer is one that is documented.

``OMS_FUZZ_SEED`` and ``OMS_FUZZ_EXAMPLES`` (calls per operation and kind) try others, or more.
"""

from __future__ import annotations

import os
from importlib import import_module
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, seed, settings

from oms_web.api import RESOURCES, openapi, stock
from oms_web.api.access import Node
from oms_web.api.pace import Pace
from oms_web.domain.stock import levels
from oms_web.domain.users.api_calls import Calls
from tests.api.shaping import JSON, Asked, Shapes
from tests.sizes import size

SEED = int(os.environ.get("OMS_FUZZ_SEED", "1"))
EXAMPLES = int(os.environ.get("OMS_FUZZ_EXAMPLES", size(8, 15)))
PROBLEM = "application/problem+json"
KNOWN = {"sku": ["A"]}

for _name in RESOURCES:
    import_module(f"oms_web.api.{_name}")
OPERATIONS = {said["operationId"]: (path, method, said)
              for path, method, said in Shapes(openapi.document(), KNOWN).operations()}


class Paper:
    """Stands for the makers of PDFs: another test makes real ones."""

    def document(self, _document_id: int) -> bytes:
        return b"%PDF-1.7"

    def factur_x(self, _document_id: int) -> bytes:
        return b"%PDF-1.7"


@pytest.fixture
def fuzz(app, oms, busy):
    """A function: operation, kind of request, how many -> sends them and judges the answers."""
    app.extensions["oms_api"] = Node(Pace(10**9), Calls())
    oms.__dict__["printing"] = Paper()
    shapes = Shapes(openapi.document(), busy.known())

    def run(name: str, kind: str, examples: int = EXAMPLES) -> None:
        path, method, said = OPERATIONS[name]
        judge = Judge(shapes, path, method, said)

        @seed(SEED)
        @settings(max_examples=examples, database=None, deadline=None,
                  phases=(Phase.generate,), suppress_health_check=list(HealthCheck))
        @given(getattr(shapes, kind)(path, method, said))
        def each(asked: Asked) -> None:
            content = asked.content
            headers = busy.caller.headers() | asked.headers
            if content:
                headers["Content-Type"] = JSON
            answer = busy.caller.client.open(asked.address, method=method, data=content,
                                             headers=headers)
            judge(asked, answer)

        each()

    yield run
    del oms.__dict__["printing"]


class Judge:
    """What must be true of every answer."""

    def __init__(self, shapes: Shapes, path: str, method: str, said: dict[str, Any]) -> None:
        self.said = said
        schema = shapes.body_schema(said)
        self.body = shapes.validator(schema) if schema else None
        self.answers = {status: self._checks(shapes, one)
                        for status, one in said["responses"].items()}
        self.problem = shapes.validator({"$ref": "#/components/schemas/Problem"})

    def _checks(self, shapes: Shapes, said: dict[str, Any]) -> dict[str, Any]:
        if "$ref" in said:
            said = shapes._resolved(said["$ref"])
        return {media: shapes.validator(one["schema"]) if "schema" in one else None
                for media, one in said["content"].items()}

    def __call__(self, asked: Asked, answer: Any) -> None:
        what = (asked, answer.status_code, answer.get_data(as_text=True)[:400])
        assert answer.status_code < 500, what
        if asked.spoiled == "path" and answer.status_code in (404, 405):
            self.problem.validate(answer.json)  # it led to no operation, or to another one
            return
        assert str(answer.status_code) in self.answers, what
        checks = self.answers[str(answer.status_code)]
        assert answer.mimetype in checks, what
        if checks[answer.mimetype] is not None:
            errors = [f"{one.json_path}: {one.message[:200]}"
                      for one in checks[answer.mimetype].iter_errors(answer.json)]
            assert errors == [], what
        if answer.status_code < 300:
            assert asked.raw in (None, b""), what
            assert self.body is None or asked.body is None or self.body.is_valid(asked.body), what
        elif not asked.spoiled:
            assert answer.status_code in (404, 409, 422), what


@pytest.mark.parametrize("name", OPERATIONS)
def test_what_has_the_right_shape_gets_a_documented_answer(fuzz, name):
    fuzz(name, "good")


@pytest.mark.parametrize("name", OPERATIONS)
def test_what_is_spoiled_is_refused_in_a_documented_way(fuzz, name):
    fuzz(name, "spoiled")


def test_a_planted_fault_is_found(fuzz, monkeypatch):
    real = levels.place

    def breaks(session, variant_id, warehouse="", bin_code=""):
        return real(session, variant_id, warehouse, bin_code) // (warehouse != "LDZ")

    monkeypatch.setattr(levels, "place", breaks)
    with pytest.raises(AssertionError, match="500"):
        fuzz("put_stock", "good", 300)


@pytest.mark.filterwarnings("ignore:Pydantic serializer warnings")
def test_a_planted_untrue_answer_is_found(fuzz, monkeypatch):
    real = stock._answer
    monkeypatch.setattr(stock, "_answer", lambda level: real(level).model_copy(
        update={"on_hand": str(level.row.on_hand)}))
    with pytest.raises(AssertionError, match="on_hand"):
        fuzz("get_stock", "good")


def test_a_planted_leniency_is_found(fuzz, monkeypatch):
    monkeypatch.setitem(stock.LevelAsked.model_config, "extra", "ignore")
    stock.LevelAsked.model_rebuild(force=True)
    try:
        with pytest.raises(AssertionError):
            fuzz("put_stock", "spoiled", 300)
    finally:
        monkeypatch.undo()
        stock.LevelAsked.model_rebuild(force=True)
