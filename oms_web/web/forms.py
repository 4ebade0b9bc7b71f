"""Forms: WTForms fields, whose errors and the domain's refusals appear at the field concerned.

    form = AddressForm()
    if form.validate():
        try:
            with writing() as work:
                service.change_address(work, ...)
            return go(...)
        except OmsError as error:
            form.refuse(error)
    return render("orders/address.html", form=form, status=422)
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask_babel import gettext
from flask_wtf import FlaskForm
from wtforms import Field, HiddenField, SelectField
from wtforms.fields.choices import SelectChoice
from wtforms.validators import DataRequired, InputRequired

from oms_web.core import countries
from oms_web.core.errors import Invalid, InvalidForm, OmsError
from oms_web.web import asked
from oms_web.web.failures import words_of
from oms_web.web.formats import language

LANGUAGES = {"pl": "Polski", "en": "English"}


class Form(FlaskForm):
    """A form that can take a refusal. ``problem`` is what fits no field: ``ui.problem(form)``."""

    problem = ""

    def refuse(self, error: OmsError) -> None:
        """Put a refusal at its field, or on top of the form.

        Raises:
            OmsError: it is not about what was typed (no right, not found, not now); the door's
                handlers answer those.
        """
        if isinstance(error, InvalidForm):
            for name, one in error.problems.items():
                self._blame(name, words_of(one))
        elif isinstance(error, Invalid):
            self._blame(error.field, words_of(error))
        else:
            raise error

    def _blame(self, name: str, words: str) -> None:
        field: Field | None = self[name] if name and name in self else None
        if field is None:
            self.problem = f"{self.problem} {words}".strip()
        else:
            field.errors = [*field.errors, words]

    def values(self, *names: str) -> dict[str, Any]:
        """The data of some fields (all but the token by default), text stripped."""
        data = {name: field.data for name, field in self._fields.items() if name != "csrf_token"}
        wanted = {name: data[name] for name in names} if names else data
        return {k: v.strip() if isinstance(v, str) else v for k, v in wanted.items()}


def choices(words: Mapping[str, Any] | Mapping[int, Any]) -> list[SelectChoice]:
    """The options of a select or radio field: value -> words."""
    return [SelectChoice(value, label) for value, label in words.items()]


class KeyField(HiddenField):
    """What makes a form one of a kind, no longer than is kept of it (``asked.form_key``)."""

    def process_formdata(self, valuelist: list[str]) -> None:
        """What was sent, shortened."""
        super().process_formdata([one[:asked.LONGEST_KEY] for one in valuelist])


class CountryField(SelectField):
    """A country: Poland, the Union, then the others, by their names in the reader's language.

    ``anywhere``: the words of an empty choice, where none may be chosen.

    What is stored and no country stays to be chosen, so nothing is changed by looking; whether it
    is one is for the domain to say.
    """

    def __init__(self, label: Any = "", *, anywhere: Any = "", **values: Any) -> None:
        self.anywhere = anywhere
        super().__init__(label, validate_choice=False, coerce=_code, **values)

    @property
    def choices(self) -> list[SelectChoice]:
        """What is stored when it is no country, Poland, the Union, the rest of the world."""
        names = countries.names(language())
        if self.anywhere:
            names = {"": str(self.anywhere), **names}
        stored = [] if self.data in names else [self.data or ""]
        union = [code for code in names if code in countries.UNION and code != "PL"]
        rest = [code for code in names if code and code not in countries.UNION]
        stored += [""] if self.anywhere else []
        return [
            SelectChoice(code, names.get(code, code), optgroup=group)
            for group, codes in ((None, [*stored, "PL"]), (gettext("European Union"), union),
                                 (gettext("Other countries"), rest))
            for code in codes
        ]

    @choices.setter
    def choices(self, _value: Any) -> None:
        """The countries are what they are."""


def _code(typed: Any) -> str:
    return str(typed or "").strip().upper()[:20]


class Needed(DataRequired):
    """Must be filled in, said in the product's own words."""

    def __init__(self) -> None:
        super().__init__()

    def __call__(self, form: Any, field: Field) -> None:
        """Refuse blank text."""
        self.message = gettext("Fill this in.")
        super().__call__(form, field)


class NeededNumber(InputRequired):
    """Must be given; nought is an answer."""

    def __call__(self, form: Any, field: Field) -> None:
        """Refuse a missing value."""
        self.message = gettext("Fill this in.")
        super().__call__(form, field)
