"""Lists of acts in a form: read from what was sent, drawn again with what was chosen and refused.

A list has a name (``then``). The field of that name lists the places of its acts in their order;
``then-<place>-act`` and ``then-<place>-<field>`` say what stands there. Buttons named ``do`` change
the list without keeping it: ``step:then`` adds one, ``drop:then.2`` takes one out, ``up:then.2``
moves it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from werkzeug.datastructures import MultiDict

from oms_web.automation import acts
from oms_web.core.errors import InvalidForm
from oms_web.extensions import db
from oms_web.web import act_words
from oms_web.web.act_words import Choices, Names
from oms_web.web.failures import words_of

Sent = MultiDict[str, str]
MOST = 40


@dataclass(slots=True)
class Box:
    """A field of an act as it is drawn. ``known``: what may be chosen."""

    name: str
    label: str
    kind: str
    required: bool
    limit: int
    value: str
    known: Names | None
    typed: bool
    error: str = ""


@dataclass(slots=True)
class StepView:
    """An act of a list as it is drawn."""

    place: int
    key: str
    boxes: list[Box] = field(default_factory=list)
    error: str = ""


def read(sent: Sent, name: str) -> list[list[Any]]:
    """The acts that were sent, as they are: not checked."""
    found = []
    for place in sent.getlist(name)[:MOST]:
        key = sent.get(f"{name}-{place}-act", "")
        act = acts.ACTS.get(key)
        told = {one.name: sent.get(f"{name}-{place}-{one.name}", "").strip()
                for one in (act_words.fields(act) if act else ())}
        found.append([key, {k: v for k, v in told.items() if v}])
    return found


def change(steps: list[list[Any]], name: str, what: str, first: str) -> bool:
    """Do what a button of the list says; False when it is a button of something else."""
    verb, _, rest = what.partition(":")
    if verb == "step" and rest == name:
        steps.append([first, {}])
        return True
    at, _, place = rest.partition(".")
    if at != name or not place.isdigit() or int(place) >= len(steps):
        return False
    n = int(place)
    if verb == "drop":
        del steps[n]
    elif verb == "up" and n:
        steps[n - 1], steps[n] = steps[n], steps[n - 1]
    return True


def checked(name: str, steps: Sequence[Any]) -> tuple[list[list[Any]], dict[str, str]]:
    """The acts as they are kept, and what is wrong with them by path."""
    try:
        return acts.clean_steps(db.session, steps, name), {}
    except InvalidForm as error:
        return [], {path: words_of(one) for path, one in error.problems.items()}


def drawn(name: str, steps: Sequence[Any], problems: Mapping[str, str], choices: Choices
          ) -> list[StepView]:
    """The acts as they are drawn, with what is wrong at its place."""
    views = []
    for place, (key, params) in enumerate(steps):
        view = StepView(place, key, error=problems.get(f"{name}.{place}.act", ""))
        act = acts.ACTS.get(key)
        for one in act_words.fields(act) if act else ():
            known = choices(one.kind)
            view.boxes.append(Box(
                f"{name}-{place}-{one.name}", str(act_words.FIELDS.get(one.name, one.name)),
                one.kind, one.required, one.limit, str(params.get(one.name) or ""), known,
                known is None or one.kind in act_words.TYPED,
                problems.get(f"{name}.{place}.{one.name}", "")))
        views.append(view)
    return views
