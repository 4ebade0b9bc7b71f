"""Which service an order goes by, why, and which size a box is."""

from __future__ import annotations

from dataclasses import replace

import pytest

from oms_web.domain.shipping import choosing, journeys
from oms_web.domain.shipping.choosing import Facts, Rule, Size

FACTS = Facts(3, "InPost Paczkomat 24/7", "PL", 1200, 9900, False)


@pytest.mark.parametrize(("rule", "fails_at"), [
    (Rule(1), ""),
    (Rule(1, channel_id=3, method="inpost  paczkomat 24/7", country="PL"), ""),
    (Rule(1, channel_id=4), "channel"), (Rule(1, method="Kurier"), "method"),
    (Rule(1, country="DE"), "country"), (Rule(1, heaviest_g=1199), "weight"),
    (Rule(1, heaviest_g=1200), ""), (Rule(1, least=9901), "value"), (Rule(1, most=9899), "value"),
    (Rule(1, least=9900, most=9900), ""), (Rule(1, cod="yes"), "cod"), (Rule(1, cod="no"), ""),
])
def test_a_rule_fits_or_says_where_it_fails(rule, fails_at):
    assert choosing.why_not(FACTS, rule) == fails_at


def test_the_first_that_fits_counts_and_the_others_say_why_not():
    rules = [Rule(1, country="DE"), Rule(2, cod="yes"), Rule(3, service="a"), Rule(4, service="b")]
    chosen = choosing.choose(FACTS, rules)
    assert (chosen.rule, chosen.passed_over) == (rules[2], {1: "country", 2: "cod"})
    assert choosing.choose(replace(FACTS, cod=True), rules).rule == rules[1]
    assert choosing.choose(FACTS, rules[:2]) == choosing.Choice(None, {1: "country", 2: "cod"})
    assert Rule(1, method="x", most=5).conditions == ("method", "value")


SIZES = [Size("A", 640, 380, 80, 25_000), Size("B", 640, 380, 190, 25_000)]


@pytest.mark.parametrize(("measures", "weight", "size"), [
    ((300, 200, 80), 1000, "A"), ((80, 640, 380), 1000, "A"), ((300, 200, 81), 1000, "B"),
    ((300, 200, 191), 1000, ""), ((641, 10, 10), 1000, ""), ((1, 1, 1), 25_001, ""),
    ((0, 0, 0), 1000, "A"),
])
def test_the_smallest_size_is_turned_as_the_box_likes(measures, weight, size):
    assert choosing.smallest(SIZES, measures, weight) == size


@pytest.mark.parametrize(("boxes", "stands"), [
    ([], ""), ([""], ""), (["moving", ""], ""), (["moving", "delivered"], "moving"),
    (["delivered", "delivered"], "delivered"), (["delivered", "returning"], "returning"),
    (["exception", "returning"], "exception"), (["waiting", "out"], "out"),
])
def test_a_shipment_stands_where_the_worst_of_its_boxes_stands(boxes, stands):
    assert journeys.standing(boxes) == stands
