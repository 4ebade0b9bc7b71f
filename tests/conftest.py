"""Fixtures of the whole suite.

Every test works on a real database with real commits: a copy of a migrated SQLite file, or, with
``OMS_TEST_ENGINE=postgresql``, a database made from a migrated template. No test reaches the
network: sockets other than loopback are refused.
"""

from __future__ import annotations

import itertools
import os
import shutil
import socket
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from jinja2.bccache import Bucket, BytecodeCache
from sqlalchemy import URL

from oms_web import migrations
from oms_web.core.actor import Actor
from oms_web.core.db import make_engine
from oms_web.core.work import Works
from oms_web.domain.users import service as users
from oms_web.settings import Settings
from oms_web.wiring import Oms, wire
from tests import postgres, quick

if TYPE_CHECKING:
    from flask import Flask

SHARED = Path(__file__).resolve().parents[2] / "shared"
ENGINE = os.environ.get("OMS_TEST_ENGINE", "sqlite")
TESTER = Actor("user", "Tester", 1)
PASSWORD = "correct horse battery"

quick.write_in_memory()
quick.keep_bytecode()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Long tests first, or one process is still busy with the last when the others have ended."""
    items.sort(key=lambda item: item.get_closest_marker("slow") is None)


def pytest_collection_finish() -> None:
    """What the tests are made of has been imported."""
    quick.collect_seldom()
    # On CI pytest explains two unequal values in full: of thousands of rows that takes longer than
    # a test may last, and its own report of that breaks the run.
    os.environ.pop("CI", None)


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder of real data sets and vendor specifications beside the project."""
    if not SHARED.is_dir():
        pytest.skip("the folder of real data beside the project is not here")
    return SHARED


@pytest.fixture(autouse=True)
def loopback_only(monkeypatch: pytest.MonkeyPatch) -> None:
    """No test may leave the machine."""
    real = socket.socket.connect

    def guarded(self: socket.socket, address: object) -> None:
        if isinstance(address, tuple) and address[0] not in ("127.0.0.1", "::1", "localhost"):
            raise AssertionError(f"a test tried to connect to {address}")
        real(self, address)

    monkeypatch.setattr(socket.socket, "connect", guarded)


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[URL]:
    """The address of a PostgreSQL server of our own (one per test process)."""
    with postgres.running_server() as url:
        yield url


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A migrated, empty SQLite file to copy from."""
    file = tmp_path_factory.mktemp("template") / "template.sqlite3"
    engine = make_engine(f"sqlite:///{file}")
    migrations.upgrade(engine)
    kept = file.with_name("kept.sqlite3")
    quick.keep(engine, kept)
    quick.share_compiled(engine)
    return kept


@pytest.fixture(scope="session")
def postgres_template(postgres_server: URL) -> str:
    """A migrated, empty PostgreSQL database to copy from."""
    postgres.administer(postgres_server, "CREATE DATABASE oms_template")
    engine = make_engine(postgres.named(postgres_server, "oms_template"))
    migrations.upgrade(engine)
    engine.dispose()
    quick.share_compiled(engine)
    return "oms_template"


DatabaseMaker = Callable[[str], str]
_numbers = itertools.count()


@pytest.fixture
def make_database(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[DatabaseMaker]:
    """A function from an engine's name to the address of a fresh, migrated database."""
    made: list[str] = []

    def make(engine: str) -> str:
        if engine == "sqlite":
            file = tmp_path / f"oms{next(_numbers)}.sqlite3"
            shutil.copy(request.getfixturevalue("sqlite_template"), file)
            return f"sqlite:///{file}"
        server = request.getfixturevalue("postgres_server")
        template = request.getfixturevalue("postgres_template")
        name = f"t{os.getpid()}_{next(_numbers)}"
        postgres.copy(server, template, name)
        made.append(name)
        return postgres.named(server, name)

    yield make
    for name in made:
        if name:
            server = request.getfixturevalue("postgres_server")
            postgres.drop(server, name)


def settings_for(url: str, folder: Path) -> Settings:
    """Settings of a throw-away installation."""
    return Settings(instance=folder, database=url, secret_key="t" * 40,
                    trusted_hosts=["localhost", "127.0.0.1"])


@pytest.fixture
def oms(make_database: DatabaseMaker, tmp_path: Path) -> Iterator[Oms]:
    """A wired installation on an empty database of the engine under test."""
    made = wire(settings=settings_for(make_database(ENGINE), tmp_path))
    yield made
    made.engine.dispose()


@pytest.fixture(params=["sqlite", "postgresql"])
def both(request: pytest.FixtureRequest, make_database: DatabaseMaker, tmp_path: Path
         ) -> Iterator[Oms]:
    """A wired installation, once on each engine."""
    made = wire(settings=settings_for(make_database(request.param), tmp_path))
    yield made
    made.engine.dispose()


@pytest.fixture
def works(oms: Oms) -> Works:
    """Opens transactions on the test's database."""
    return oms.works


class KeptTemplates(BytecodeCache):
    """Templates compiled once for all apps of a test process; most of a test went into that."""

    def __init__(self) -> None:
        self.code: dict[str, bytes] = {}

    def load_bytecode(self, bucket: Bucket) -> None:
        """Hand out what was compiled from this very source before."""
        if bucket.key in self.code:
            bucket.bytecode_from_string(self.code[bucket.key])

    def dump_bytecode(self, bucket: Bucket) -> None:
        """Keep what was just compiled."""
        self.code[bucket.key] = bucket.bytecode_to_string()


_templates = KeptTemplates()


def web_app(oms: Oms) -> Flask:
    """A web application of an installation, with CSRF checks off."""
    from oms_web.app import create_app

    made = create_app(oms)
    made.jinja_env.bytecode_cache = _templates
    made.config.update(TESTING=False, WTF_CSRF_ENABLED=False)
    return made


@pytest.fixture
def own_app(oms: Oms) -> Flask:
    """An application no other test has used: for tests that add routes to it."""
    return web_app(oms)


_apps: list[Flask] = []


@pytest.fixture
def app(oms: Oms) -> Iterator[Flask]:
    """The web application, with CSRF checks off (tests of CSRF switch them on again).

    It is made once per test process, since compiling 200 routes takes longer than most tests, and
    bound to the installation of each test.
    """
    from oms_web.extensions import db

    if not _apps:
        _apps.append(web_app(oms))
    [bound] = _apps
    bound.extensions["oms"] = oms
    db._app_engines[bound] = {None: oms.engine}
    bound.config["SECRET_KEY"] = oms.settings.secret_key
    before = dict(bound.config), dict(bound.extensions)
    yield bound
    for changed, was in zip((bound.config, bound.extensions), before, strict=True):
        changed.clear()
        changed.update(was)


@pytest.fixture
def browser_as(app, works: Works):
    """A function: role -> a signed-in test client."""
    made: dict[str, object] = {}

    def sign_in(role: str = "owner", language: str = "en"):
        if role not in made:
            with works.writing(TESTER) as work:
                users.create_user(work, f"{role}@example.test", role.title(), role, PASSWORD,
                                  language)
            client = app.test_client()
            answer = client.post("/sign-in", data={"email": f"{role}@example.test",
                                                   "password": PASSWORD})
            assert answer.status_code == 303, answer.get_data(as_text=True)[:500]
            made[role] = client
        return made[role]

    return sign_in


@pytest.fixture(autouse=True, scope="session")
def shared_printers() -> None:
    """Files that import ``PdfPool`` themselves have done so, and make their own."""
    quick.share_printers()


@pytest.fixture(autouse=True, scope="session")
def cheap_passwords() -> None:
    """Hash passwords with the least work: the cost is argon2's own business, not ours to test."""
    from argon2 import PasswordHasher

    users._hasher = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)
