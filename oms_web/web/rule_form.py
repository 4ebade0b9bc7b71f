"""The editor of a rule as a form that works without a script.

Conditions are sent flat: ``node`` lists their places (``0``, ``0.1``, ``0.1.0``), ``k:<place>``
says whether it is a group or a test, ``f:``, ``t:`` and ``v:`` what is tested. A value that is
chosen from many stands there as a tick, with one field more to add another.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from flask_babel import gettext
from sqlalchemy.orm import Session

from oms_web.core.errors import InvalidForm
from oms_web.core.text import key_in
from oms_web.domain.automation import rules
from oms_web.domain.automation.fields import FIELDS, LISTS, NO_VALUE, TESTS
from oms_web.domain.automation.triggers import TIMED
from oms_web.web import step_form
from oms_web.web.act_words import Names
from oms_web.web.failures import words_of
from oms_web.web.rule_words import Values
from oms_web.web.step_form import Sent, StepView

GROUPS = ("all", "any", "none")
FEW = 8
"""Values that are all shown to be ticked."""
MOST_NODES = 150
DAYS = (7, 30, 90)


@dataclass(slots=True)
class Node:
    """A group of conditions, or a test. ``at`` is its place in the tree that is kept, where a
    refusal names it.
    """

    path: str
    kind: str = "all"
    asked: str = ""
    test: str = ""
    values: list[str] = field(default_factory=list)
    children: list[Node] = field(default_factory=list)
    at: str = "when"
    errors: dict[str, str] = field(default_factory=dict)
    known: Names | None = None

    @property
    def ask(self) -> str:
        """The kind of the field: ``choice text number ...``."""
        return FIELDS[self.asked].kind if self.asked in FIELDS else ""

    @property
    def many(self) -> bool:
        """Whether the test compares with several values."""
        return self.test in LISTS

    @property
    def few(self) -> bool:
        """Whether all values are shown to be ticked."""
        return self.known is not None and len(self.known) <= FEW

    @property
    def bare(self) -> bool:
        """Whether there is nothing to compare with."""
        return self.test in NO_VALUE

    @property
    def tests(self) -> Mapping[str, str]:
        """How the field may be compared."""
        return TESTS.get(self.ask, {})

    def tree(self, at: str = "when") -> dict[str, Any]:
        """As it is kept; on the way every node learns its place there."""
        self.at = at
        if self.kind == "test":
            value: Any = self.values if self.many else (self.values or [""])[0]
            return {"field": self.asked, "test": self.test,
                    **({} if self.bare else {"value": value})}
        inner = "any" if self.kind == "none" else self.kind
        base = f"{at}.not" if self.kind == "none" else at
        told: dict[str, Any] = {inner: [
            child.tree(f"{base}.{inner}.{n}") for n, child in enumerate(self.children)]}
        return {"not": told} if self.kind == "none" else told


def node_of(tree: Mapping[str, Any], path: str = "0") -> Node:
    """A kept tree as it is drawn: "not" over anything is a group of which none may be true."""
    if "field" in tree:
        value = tree.get("value")
        values = [] if value is None else [str(v) for v in value] if isinstance(value, list) \
            else [str(value)]
        return Node(path, "test", tree["field"], tree["test"], values)
    if "not" in tree:
        inner = tree["not"]
        under = inner.get("any", [inner])
        kind = "none"
    else:
        kind = "all" if "all" in tree else "any"
        under = tree[kind]
    return Node(path, kind, children=[
        node_of(each, f"{path}.{n}") for n, each in enumerate(under)])


def root_of(tree: Mapping[str, Any]) -> Node:
    """A kept tree; the outermost is always a group, so that there is room for one more test."""
    root = node_of(tree)
    return root if root.kind != "test" else Node("0", "all", children=[node_of(tree, "0.0")])


def read_node(sent: Sent) -> Node:
    """The conditions that were sent, as they are: not checked."""
    nodes = {"0": Node("0", sent.get("k:0", "all"))}
    for path in sent.getlist("node")[:MOST_NODES]:
        parent = nodes.get(path.rpartition(".")[0])
        if parent is None or parent.kind == "test" or path in nodes:
            continue
        node = Node(path, sent.get(f"k:{path}", "test"), sent.get(f"f:{path}", ""),
                    sent.get(f"t:{path}", ""))
        if node.kind not in (*GROUPS, "test"):
            node.kind = "test"
        if node.kind == "test":
            _read_test(node, sent)
        parent.children.append(node)
        nodes[path] = node
    return nodes["0"] if nodes["0"].kind in GROUPS else Node("0", "all")


def _read_test(node: Node, sent: Sent) -> None:
    if node.asked not in FIELDS:
        node.asked = next(iter(FIELDS))
    if node.test not in node.tests:
        node.test = next(iter(node.tests))
    if sent.get(f"was:{node.path}", node.asked) != node.asked:
        return  # what was compared with the field before says nothing about this one
    typed = [value.strip() for value in sent.getlist(f"v:{node.path}")]
    if node.many:
        typed = [part.strip() for value in typed for part in value.split(";")]
    blank = node.asked == "carrier"  # here nothing is a value, too
    added = sent.get(f"add:{node.path}", "-" if blank else "").strip()
    typed += [part.strip() for part in added.split(";")] if added not in ("", "-") else []
    node.values = [one for one in dict.fromkeys(typed) if one or blank]


@dataclass(slots=True)
class Draft:
    """What a rule says while it is being written, kept or not."""

    values: dict[str, Any]
    root: Node
    then: list[list[Any]]
    otherwise: list[list[Any]]
    problems: dict[str, str] = field(default_factory=dict)

    @property
    def said(self) -> dict[str, Any]:
        """As ``rules.create`` and ``rules.change`` want it."""
        return {**self.values, "when": self.root.tree(), "then": self.then,
                "otherwise": self.otherwise}

    def views(self, name: str, values: Values) -> list[StepView]:
        """A list of acts as it is drawn."""
        return step_form.drawn(name, getattr(self, name), self.problems, values.acts)


def of_rule(rule: Any) -> Draft:
    """A kept rule to be changed."""
    return Draft(
        {name: getattr(rule, name) for name in (
            "name", "trigger", "every", "on_failure", "ends", "most_per_hour")},
        root_of(rule.when), [list(step) for step in rule.then],
        [list(step) for step in rule.otherwise])


def empty() -> Draft:
    """A new rule: a group without tests, and an act to be chosen."""
    return Draft({"name": "", "trigger": "came", "every": None, "on_failure": "stop",
                  "ends": False, "most_per_hour": 1000},
                 Node("0", "all"), [["tag", {}]], [])


def read(sent: Sent) -> Draft:
    """The draft that was sent, as it is."""
    trigger = sent.get("trigger", "")
    return Draft({
        "name": sent.get("name", "").strip(), "trigger": trigger,
        "every": sent.get("every", "").strip() if trigger in TIMED else None,
        "on_failure": sent.get("on_failure", "stop"), "ends": sent.get("ends") == "1",
        "most_per_hour": sent.get("most_per_hour", "").strip(),
    }, read_node(sent), step_form.read(sent, "then"), step_form.read(sent, "otherwise"))


def change(draft: Draft, what: str) -> None:
    """Do what a button of the editor says."""
    if step_form.change(draft.then, "then", what, "tag") \
            or step_form.change(draft.otherwise, "otherwise", what, "hold"):
        return
    verb, _, path = what.partition(":")
    parent, _, last = path.rpartition(".")
    if verb in ("test", "group"):
        group = find(draft.root, path)
        if group is not None and group.kind != "test":
            group.children.append(Node("", "any", children=[_fresh()]) if verb == "group"
                                  else _fresh())
    elif verb == "drop" and parent:
        group = find(draft.root, parent)
        if group is not None and last.isdigit() and int(last) < len(group.children):
            del group.children[int(last)]
    number(draft.root, "0")


def _fresh() -> Node:
    name = next(iter(FIELDS))
    return Node("", "test", name, next(iter(TESTS[FIELDS[name].kind])))


def number(node: Node, path: str) -> None:
    """Give a node and all under it their places."""
    node.path = path
    for n, child in enumerate(node.children):
        number(child, f"{path}.{n}")


def find(node: Node, path: str) -> Node | None:
    """The node at a place."""
    if node.path == path:
        return node
    return next((found for child in node.children
                 if (found := find(child, path)) is not None), None)


def check(draft: Draft, session: Session, own_id: int) -> dict[str, Any]:
    """What the draft says, as it is kept; all that is wrong with it stands at its place."""
    number(draft.root, "0")
    said = draft.said
    for name in ("then", "otherwise"):
        said[name], wrong = step_form.checked(name, said[name])
        draft.problems |= wrong
    text = str(said["most_per_hour"] or "1000")
    if not 1 <= (key_in(text) or 0) <= rules.MOST_PER_HOUR:
        draft.problems["most_per_hour"] = gettext("From 1 to %(n)s.", n=rules.MOST_PER_HOUR)
        text = "1000"
    said["most_per_hour"] = int(text)
    # What is wrong with an act is said there; that there is none is another matter.
    then = said["then"] or [["invoice", {}] for _ in draft.then]
    try:
        return rules.check(session, {**said, "then": then}, own_id)
    except InvalidForm as error:
        refuse(draft, error)
        return said


def refuse(draft: Draft, error: InvalidForm) -> None:
    """Put refusals at their places."""
    draft.problems = {path: words_of(one) for path, one in error.problems.items()} \
        | draft.problems


def place(node: Node, problems: Mapping[str, str], values: Values) -> Node:
    """A tree ready to be drawn: with what may be chosen, and what is wrong at each place."""
    node.errors = {name: problems[key] for name, key in (
        ("", node.at), ("field", f"{node.at}.field"), ("test", f"{node.at}.test"),
        ("value", f"{node.at}.value")) if key in problems}
    node.known = values(node.asked) if node.kind == "test" else None
    for child in node.children:
        place(child, problems, values)
    return node
