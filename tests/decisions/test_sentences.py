"""A filled-in sentence is taken apart into its template again."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from oms_web.core.sentences import Sentences

SAYS = Sentences([
    "The file is empty.", "Row %(row)s: %(what)s", "%(field)s is not a number: %(text)s",
    "%(field)s is not a whole number: %(text)s", "%(what)s", "100 %% of %(field)s and %(field)s",
])


@pytest.mark.parametrize(("text", "template", "places"), [
    ("The file is empty.", "The file is empty.", {}),
    ("Row 7: qty is empty", "Row %(row)s: %(what)s", {"row": "7", "what": "qty is empty"}),
    ("qty is not a whole number: 1,5", "%(field)s is not a whole number: %(text)s",
     {"field": "qty", "text": "1,5"}),
    ("qty is not a number: a\nb: c", "%(field)s is not a number: %(text)s",
     {"field": "qty", "text": "a\nb: c"}),
    ("100 % of x and x", "100 %% of %(field)s and %(field)s", {"field": "x"}),
])
def test_the_template_and_its_filling_are_found(text, template, places):
    said = SAYS.find(text)
    assert (said.template, dict(said.places)) == (template, places)


@pytest.mark.parametrize("text", ["Something else", "100 % of x and y", ""])
def test_what_nobody_here_says_is_not_found(text):
    assert SAYS.find(text) is None


@given(st.text(max_size=30), st.text(alphabet="abc_", min_size=1, max_size=9))
def test_whatever_fills_a_place_comes_back(text, field):
    template = "%(field)s is not a number: %(text)s"
    said = SAYS.find(template % {"field": field, "text": text})
    assert said.template % dict(said.places) == template % {"field": field, "text": text}
