"""Settings: read from the file and the environment, refused in one sentence when wrong."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from flask import Flask
from werkzeug.middleware.proxy_fix import ProxyFix

from oms_web.core.errors import Invalid
from oms_web.inspection import ledgers
from oms_web.serving import application
from oms_web.settings import Settings, load_settings


@pytest.fixture(autouse=True)
def no_settings_around(monkeypatch):
    for name in Settings.model_fields:
        monkeypatch.delenv(f"OMS_{name.upper()}", raising=False)


def write(folder, content: str | bytes) -> None:
    data = content if isinstance(content, bytes) else content.encode()
    (folder / "oms.toml").write_bytes(data)


def test_without_anything_it_is_sqlite_on_this_machine(tmp_path):
    settings = load_settings(tmp_path / "new" / "instance")
    assert settings.database_url == f"sqlite:///{tmp_path}/new/instance/oms.sqlite3"
    assert (settings.host, settings.port, settings.proxies) == ("127.0.0.1", 8000, 0)


def test_the_secret_is_made_once_and_is_private(tmp_path):
    first, second = load_settings(tmp_path), load_settings(tmp_path)
    assert first.secret_key == second.secret_key
    assert len(first.secret_key) >= 32
    assert (tmp_path / "secret").stat().st_mode & 0o777 == 0o600
    assert first.secret_key not in repr(first)


def test_the_environment_speaks_last(tmp_path, monkeypatch):
    write(tmp_path, '[oms]\nport = 9000\nthreads = 4\ntrusted_hosts = ["a.example.test"]\n')
    monkeypatch.setenv("OMS_PORT", "9100")
    monkeypatch.setenv("OMS_TRUSTED_HOSTS", "b.example.test,c.example.test")
    settings = load_settings(tmp_path)
    assert (settings.port, settings.threads) == (9100, 4)
    assert settings.trusted_hosts == ["b.example.test", "c.example.test"]


@pytest.mark.parametrize(("content", "field", "words"), [
    ("[oms]\nprot = 1\n", "prot", "Setting prot"),
    ("[oms]\nport = 0\n", "port", "Setting port"),
    ("[oms]\nport = 70000\n", "port", "Setting port"),
    ("[oms]\nport = 'many'\n", "port", "Setting port"),
    ("[oms]\nthreads = 0\n", "threads", "Setting threads"),
    ("[oms]\nproxies = -1\n", "proxies", "Setting proxies"),
    ("[oms]\nlog_level = 'LOUD'\n", "log_level", "Setting log_level"),
    ("[oms]\nsecret_key = 'short'\n", "secret_key", "Setting secret_key"),
    ("[oms]\ndatabase = 'mysql://x'\n", "database", "must begin with"),
    ("[oms]\ntrusted_hosts = 'one'\n", "trusted_hosts", "Setting trusted_hosts"),
    ("port = 8000\n", "oms.toml", "under the heading [oms], found port"),
    ("[omms]\nport = 8000\n", "oms.toml", "found omms"),
    ("oms = 3\n", "oms.toml", "under the heading [oms]"),
    ("[oms\n", "oms.toml", "cannot be read"),
    (b"[oms]\nhost = '\xff'\n", "oms.toml", "cannot be read"),
])
def test_a_wrong_setting_is_named(tmp_path, content, field, words):
    write(tmp_path, content)
    with pytest.raises(Invalid) as refusal:
        load_settings(tmp_path)
    assert refusal.value.field == field
    assert words in str(refusal.value)
    assert "\n" not in str(refusal.value)


def test_a_wrong_variable_is_named(tmp_path, monkeypatch):
    monkeypatch.setenv("OMS_MAX_UPLOAD_MB", "lots")
    with pytest.raises(Invalid, match="Setting max_upload_mb"):
        load_settings(tmp_path)


def test_operations_describes_every_setting_and_every_invariant():
    manual = (Path(__file__).resolve().parents[2] / "docs" / "operations.md").read_text("utf-8")
    rows = re.findall(r"^\| (`[^|]*) \|", manual, re.MULTILINE)
    described = {name for row in rows for name in re.findall(r"`(\w+)`", row)}
    assert set(Settings.model_fields) - {"instance"} <= described
    books = set(re.findall(r"^\| (I\d+|counts) \|", manual, re.MULTILINE))
    assert books == {name.partition(" ")[0] for name in ledgers.CHECKS}


@pytest.mark.parametrize(("proxies", "sent", "believed"), [
    (0, "198.51.100.7", "192.0.2.1"),
    (1, "198.51.100.7", "198.51.100.7"),
    (1, "203.0.113.9, 198.51.100.7", "198.51.100.7"),
    (2, "203.0.113.9, 198.51.100.7", "203.0.113.9"),
])
def test_only_as_many_proxies_are_believed_as_the_settings_name(
    oms, monkeypatch, proxies, sent, believed
):
    monkeypatch.setattr("oms_web.serving.start_logging", lambda _level: None)
    object.__setattr__(oms, "settings", oms.settings.model_copy(update={"proxies": proxies}))
    app: Flask = application(oms)
    assert isinstance(app.wsgi_app, ProxyFix) is (proxies > 0)
    seen = {}

    @app.before_request
    def look():
        from flask import request

        seen.update(address=request.remote_addr, secure=request.is_secure)

    app.test_client().get("/sign-in", headers={"X-Forwarded-For": sent,
                                               "X-Forwarded-Proto": "https"},
                          environ_base={"REMOTE_ADDR": "192.0.2.1"})
    assert seen["address"] == believed
    assert seen["secure"] is (proxies == 1)
