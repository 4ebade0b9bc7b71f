"""``oms serve`` as a person starts it: real processes, a real port."""

from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from oms_web.cli.serve import listen
from oms_web.core.errors import Invalid
from tests.conftest import settings_for
from tests.running.served import Shop
from tests.running.test_supervisor import alive, wait_for

pytestmark = pytest.mark.slow


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[Shop]:
    made = Shop(tmp_path / "instance")
    yield made
    if made.process is not None and made.process.poll() is None:
        made.process.kill()
        made.process.wait()


def page(shop: Shop) -> str:
    """The sign-in page, as soon as there is one."""
    def answer() -> str | None:
        if shop.process.poll() is not None:
            pytest.fail(shop.said())
        return shop.get("/sign-in")

    return wait_for(answer, 60)


def test_the_first_start_makes_a_shop_and_the_second_leaves_it_alone(shop):
    shop.start("--empty", "--owner", "anna@example.test")
    assert 'name="password"' in page(shop)
    assert re.search(r"e-mail\s+anna@example.test\n\s+password\s+\S{10,}\n", shop.said())
    assert f"serving at http://127.0.0.1:{shop.port}" in shop.said()
    begun = time.monotonic()
    assert shop.stop() == 0
    assert time.monotonic() - begun < 10
    for name in ("oms.sqlite3", "secret"):
        assert (shop.folder / name).stat().st_mode & 0o077 == 0
    shop.start()
    page(shop)
    assert "password" not in shop.said()
    assert "demo" not in shop.said()
    assert shop.stop(signal.SIGINT) == 0


def test_web_server_and_worker_come_back_and_go_with_the_parent(shop):
    shop.start("--empty")
    page(shop)
    children = wait_for(lambda: len(found := shop.family()) == 2 and found)
    time.sleep(5)  # until they count as started
    for child in children:
        os.kill(child, signal.SIGKILL)
    wait_for(lambda: shop.get("/sign-in"), 30)
    again = wait_for(lambda: len(found := shop.family()) == 2 and found)
    assert not set(again) & set(children)
    shop.process.kill()
    shop.process.wait()
    wait_for(lambda: not any(alive(child) for child in again), 15)
    assert shop.get("/sign-in") is None


def test_a_taken_port_is_one_sentence(shop):
    with socket.socket() as other:
        other.bind(("127.0.0.1", shop.port))
        other.listen()
        shop.start("--empty")
        assert shop.process.wait(30) == 1
    assert shop.said().splitlines()[-1] == (
        f"oms: 127.0.0.1:{shop.port} is taken: perhaps the shop is running already. Choose "
        "another port with --port.")
    assert not (shop.folder / "oms.sqlite3").exists()


def test_a_wrong_setting_is_one_sentence(shop):
    shop.folder.mkdir()
    (shop.folder / "oms.toml").write_text("[oms]\nprot = 8000\n")
    shop.start()
    assert shop.process.wait(30) == 1
    assert shop.said() == "oms: Setting prot: Extra inputs are not permitted\n"


@pytest.mark.parametrize(("host", "sentence"), [
    ("192.0.2.1", "Cannot listen on 192.0.2.1:"), ("no such host", "Cannot listen on no such host"),
])
def test_an_address_that_is_not_ours_is_refused(tmp_path, host, sentence):
    with pytest.raises(Invalid, match=re.escape(sentence)):
        listen(settings_for("", tmp_path).model_copy(update={"host": host}))


def test_listening_for_others_reminds_of_the_trusted_names(tmp_path, capsys):
    settings = settings_for("", tmp_path).model_copy(update={"host": "0.0.0.0", "port": 0})
    listen(settings).close()
    assert "trusted_hosts" in capsys.readouterr().out
    named = settings.model_copy(update={"trusted_hosts": ["shop.example.test"]})
    listen(named).close()
    assert capsys.readouterr().out == ""


def test_the_worker_alone_refuses_a_database_that_is_not_there(tmp_path):
    done = subprocess.run([sys.executable, "-m", "oms_web.cli", "work"], capture_output=True,
                          text=True, check=False, timeout=60,
                          env={**os.environ, "OMS_INSTANCE": str(tmp_path)})
    assert done.returncode == 1
    assert "There is no database" in done.stderr
    assert not (tmp_path / "oms.sqlite3").exists()


