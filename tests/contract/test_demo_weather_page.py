"""The weather of Targowisko as people and programs change it: the page and the sandbox calls."""

from __future__ import annotations

import re
from contextlib import suppress
from datetime import timedelta

import pytest
from oms_connector import (
    ChannelDown,
)
from oms_demo.market import bustle, words
from oms_demo.market.faults import BY_NAME, FAULTS

from tests.demo_market import MONDAY, OpenMarket, open_market


@pytest.fixture
def there(tmp_path):
    return open_market(tmp_path)


def blow(there: OpenMarket, *names: str, chance: float = 1.0) -> None:
    there.market.weather.switch_all({name: (chance, None) for name in names})


def _quietly(there):
    with suppress(ChannelDown):
        there.connector().verify()


class TestAdmin:
    @pytest.fixture
    def ask(self, there):
        client = there.app.test_client()

        def call(method, path, **options):
            return client.open(f"/api/v1/sandbox/{path}", method=method, headers={
                "Authorization": f"Bearer {there.token}"}, **options)

        return call

    def test_faults_are_set_seen_and_ended(self, there, ask):
        answer = ask("PUT", "weather", json={"seed": 4, "faults": {
            "lost_events": 0.25, "error_500": {"chance": 1, "minutes": 10}}})
        on = {fault["name"]: fault for fault in answer.json["faults"] if fault["chance"]}
        assert answer.json["seed"] == 4
        assert set(on) == {"lost_events", "error_500"}
        assert on["error_500"]["until"] == "2026-11-23T09:40:00.000000Z"
        _quietly(there)
        assert {f["name"]: f["served"] for f in ask("GET", "weather").json["faults"]}[
            "error_500"] == 1
        assert all(not fault["chance"] for fault in ask("DELETE", "weather").json["faults"])

    def test_the_weather_cannot_keep_anybody_from_ending_it(self, there, ask):
        blow(there, *(fault.name for fault in FAULTS))
        assert ask("GET", "weather").status_code == 200
        assert ask("DELETE", "weather").status_code == 200
        assert there.market.weather.switches() == {}

    def test_a_storm(self, there, ask):
        ask("PUT", "weather", json={"storm": 2})
        on = there.market.weather.switches()
        assert len(on) == len(FAULTS)
        assert on["lost_events"].chance == 2 * BY_NAME["lost_events"].usual

    @pytest.mark.parametrize("body", [
        {"faults": {"nothing": 1}}, {"faults": {"error_500": "often"}}, {"faults": []},
        {"faults": {"error_500": True}}, {"faults": {"error_500": {"minutes": 5}}},
        {"storm": "big"}, {"seed": "x"},
    ])
    def test_nonsense_is_refused(self, ask, body):
        answer = ask("PUT", "weather", json=body)
        assert answer.status_code == 422
        assert answer.json["error"]["field"]

    def test_buyers_and_peaks(self, there, ask):
        told = ask("PUT", "buyers", json={"rate": 30, "peak": {"factor": 20, "minutes": 10}}).json
        assert told == {"on": True, "rate": 30, "peak": {
            "factor": 20, "until": "2026-11-23T09:40:00.000000Z"}}
        assert ask("PUT", "buyers", json={"peak": None}).json["peak"] is None
        assert ask("PUT", "buyers", json={"rate": 0}).json["on"] is False
        for wrong in ({"rate": 601}, {"rate": "many"}, {"peak": {"factor": 0, "minutes": 5}},
                      {"peak": {"factor": 5, "minutes": 0}}):
            assert ask("PUT", "buyers", json=wrong).status_code == 422

    def test_only_with_the_token(self, there):
        client = there.app.test_client()
        assert client.delete("/api/v1/sandbox/weather").status_code == 401


class TestPage:
    @pytest.fixture
    def office(self, there):
        return there.app.test_client()

    @pytest.mark.parametrize(("language", "calm"), [("pl", "Spokojna pogoda"),
                                                    ("en", "Calm weather")])
    def test_every_fault_has_its_line_in_both_languages(self, there, office, language, calm):
        office.set_cookie("targowisko_language", language)
        page = office.get("/weather").text
        assert calm in page
        for fault in FAULTS:
            assert words.word(f"fault.{fault.name}", language) in page
            assert f'name="{fault.name}"' in page

    def test_switching_storming_and_the_big_red_button(self, there, office):
        answer = office.post("/weather", data={"lost_events": "12,5", "error_500": "0",
                                               "for_minutes": "30"}, follow_redirects=True)
        assert "Pogoda zmieniona" in answer.text
        [(name, switch)] = there.market.weather.switches().items()
        assert (name, switch.chance) == ("lost_events", 0.125)
        assert switch.until == MONDAY + timedelta(minutes=30)
        assert office.post("/weather/storm").status_code == 303
        assert len(there.market.weather.switches()) == len(FAULTS)
        blow(there, "error_502")
        _quietly(there)
        assert re.search(r'502.*?class="figure served">1<', office.get("/weather").text, re.DOTALL)
        office.post("/weather/peak", data={"factor": "20", "minutes": "10"})
        assert bustle.peak(there.market)
        answer = office.post("/weather/calm", follow_redirects=True)
        assert "Nic się nie psuje" in answer.text
        assert there.market.weather.switches() == {}
        assert bustle.peak(there.market) is None

    @pytest.mark.parametrize(("path", "form"), [
        ("", {"error_500": "101"}), ("", {"error_500": "dużo"}),
        ("", {"error_500": "5", "for_minutes": "-3"}), ("/buyers", {"rate": "601"}),
        ("/buyers", {"rate": "x"}), ("/peak", {"factor": "101", "minutes": "1"}),
        ("/peak", {"factor": "20", "minutes": "x"}), ("/seed", {"seed": "-1"}),
    ])
    def test_wrong_figures_are_said_to_be_wrong(self, there, office, path, form):
        answer = office.post(f"/weather{path}", data=form)
        assert answer.status_code == 422
        assert 'role="alert"' in answer.text
        assert there.market.weather.switches() == {}

    def test_buyers_and_seed(self, there, office):
        office.post("/weather/buyers", data={"rate": "600"})
        assert (bustle.auto(there.market), bustle.rate(there.market)) == (True, 600)
        office.post("/weather/buyers", data={"rate": "0"})
        assert not bustle.auto(there.market)
        office.post("/weather/seed", data={"seed": "77"})
        assert there.market.weather.seed == 77

    def test_other_sites_cannot_make_weather(self, there, office):
        answer = office.post("/weather/storm", headers={"Origin": "https://evil.example"})
        assert answer.status_code == 403
        assert there.market.weather.switches() == {}
