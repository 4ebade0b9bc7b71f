"""What is verified and how strictly, whom to look out for, and rules that point orders out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from flask import Blueprint, Response, request, url_for
from flask_babel import gettext
from flask_babel import lazy_gettext as _l
from sqlalchemy import select
from wtforms import StringField

from oms_web.automation import acts
from oms_web.core.errors import InvalidForm, NotFound, OmsError
from oms_web.domain.automation import rules
from oms_web.domain.automation.models import Rule
from oms_web.domain.orders.verification import service as verification
from oms_web.domain.orders.verification import watching
from oms_web.domain.orders.verification.kinds import CHECKS, LEVELS
from oms_web.extensions import db
from oms_web.web import asked, rule_words
from oms_web.web import order_words as words
from oms_web.web.access import act
from oms_web.web.door import writing
from oms_web.web.failures import words_of
from oms_web.web.forms import Form
from oms_web.web.render import go, render
from oms_web.web.toasts import say

screen = Blueprint("verification_settings", __name__)

# check -> what it looks at.
MEANS: Mapping[str, Any] = {
    "address": _l("Something is missing without which no parcel can be sent."),
    "house_number": _l("The street has no number. Great Britain and Ireland are left out."),
    "postcode": _l("The form of the postcode, in Poland and the European Union."),
    "town": _l("A large Polish town stands beside a postcode of another region: the first digit "
               "is compared."),
    "phone": _l("Too few or too many digits, or digits that are made up."),
    "no_phone": _l("A parcel to a pick-up point is announced by phone."),
    "tax_id": _l("The check digit of a NIP, and the form and check digits of an EU VAT number."),
    "totals": _l("The channel's total is not the sum of the lines."),
    "payment": _l("Paid in part or too much, or paid already though it is paid on delivery."),
    "duplicate": _l("The same goods for the same e-mail or phone number from another channel, or "
                    "twice out of files."),
    "doubt": _l("What your own rules point out."),
}


@dataclass(frozen=True, slots=True)
class Ready:
    """A rule that points orders out, ready to be made."""

    key: str
    name: Any
    reason: Any
    tests: tuple[tuple[str, str, str], ...]

    @property
    def when(self) -> dict[str, Any]:
        """Its conditions, as rules keep them."""
        return {"all": [{"field": field, "test": test} | (
            {"value": [value] if test == "in" else value} if value else {})
            for field, test, value in self.tests]}


READY = {one.key: one for one in (
    Ready("first", _l("First order, over 1000"), _l("First order of this buyer, and a large one"),
          (("earlier_orders", "eq", "0"), ("total", "gt", "1000"))),
    Ready("cod", _l("On delivery, over 500"), _l("A large sum is paid on delivery"),
          (("payment_kind", "in", "cod"), ("total", "gt", "500"))),
    Ready("phone", _l("Three orders from one phone in a day"),
          _l("Many orders from one phone number"), (("phone_orders", "ge", "3"),)),
    Ready("watched", _l("Stands on the list"), _l("Stands on your own list"),
          (("is_watched", "yes", ""),)),
)}


class WatchForm(Form):
    """Whom to look out for."""

    text = StringField(_l("Phone number, e-mail or address"))
    note = StringField(_l("Why"))


@screen.get("/settings/verification")
@act("settings.edit")
def index() -> Response:
    """All of it."""
    return _page(WatchForm(formdata=None))


def _page(form: WatchForm, problems: Mapping[str, str] | None = None, status: int = 200
          ) -> Response:
    session = db.session
    every = rules.all_rules(session)
    pointing = [one for one in every if any(step == "doubt" for step, _ in one.then)]
    present = verification.levels(session)
    return render(
        "settings/verification.html", form=form, checks=CHECKS, levels=words.LEVELS,
        names=words.HOLDS, means=MEANS, present=present, problems=problems or {},
        sent=request.form if problems else {}, watched=watching.every(session), ready=READY,
        made={one.name for one in every},
        rules=[(one, *rule_words.STATES[one.state]) for one in pointing], status=status,
    )


@screen.post("/settings/verification")
@act("settings.edit")
def save() -> Response:
    """Choose how strict the checks are."""
    chosen = {kind: request.form[kind] for kind in CHECKS if request.form.get(kind) in LEVELS}
    try:
        hours = asked.whole(request.form.get("hours"), "hours")
        with writing() as work:
            changed = verification.choose(
                work, chosen, verification.levels(work.session).hours if hours is None else hours)
    except OmsError as error:
        return _page(WatchForm(formdata=None),
                     {getattr(error, "field", "") or "": words_of(error)}, 422)
    say(gettext("Saved. It counts for orders that come or change from now on.") if changed
        else gettext("Nothing was changed."))
    return go(url_for("verification_settings.index"))


@screen.post("/settings/verification/watched")
@act("settings.edit")
def watch() -> Response:
    """Put somebody on the list."""
    form = WatchForm()
    if form.validate():
        try:
            with writing() as work:
                fresh = watching.add(work, form.text.data or "", form.note.data or "")
            say(gettext("Put on the list.") if fresh else gettext("It stands on the list already."))
            return go(url_for("verification_settings.index", _anchor="watched"))
        except OmsError as error:
            form.refuse(error)
    return _page(form, status=422)


@screen.post("/settings/verification/watched/<int:watched_id>/remove")
@act("settings.edit")
def unwatch(watched_id: int) -> Response:
    """Take somebody off the list."""
    with writing() as work:
        watching.remove(work, watched_id)
    say(gettext("Taken off the list."))
    return go(url_for("verification_settings.index", _anchor="watched"))


@screen.post("/settings/verification/rules/<key>")
@act("rules.manage")
def make(key: str) -> Response:
    """Make one of the ready rules, switched off, and show it so that its numbers can be changed."""
    ready = READY.get(key)
    if ready is None:
        raise NotFound("There is no such rule.")
    name, reason = str(ready.name), str(ready.reason)
    try:
        with writing() as work:
            then = acts.clean_steps(work.session, [["doubt", {"reason": reason}]])
            rule_id = rules.create(work, {"name": name, "trigger": "came", "when": ready.when,
                                          "then": then}).id
    except InvalidForm:  # it has this name already
        found = db.session.scalar(select(Rule.id).where(Rule.name == name))
        if found is None:
            raise
        return go(url_for("rules.show", rule_id=found))
    say(gettext("The rule is made, and switched off: look at its numbers, try it, switch it on."))
    return go(url_for("rules.show", rule_id=rule_id))
