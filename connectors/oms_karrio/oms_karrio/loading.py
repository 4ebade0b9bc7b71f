"""karrio, loaded so that it can do no harm: silent, without a network, one plugin at a time.

Importing karrio turns off the checking of certificates for the whole process and lets Pillow read
broken images; both are put back. It writes to standard error; that is turned off. Then the few
functions are replaced by which it would reach the network, start threads, or lose what it was told.
A plugin whose modules import anything that reaches the network by itself is not loaded.
"""

from __future__ import annotations

import ast
import ssl
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from functools import cache
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from oms_connector import NotSupported

from oms_karrio import seam, words

PLUGIN = ("karrio.plugins", "karrio.mappers", "karrio.providers", "karrio.schemas")
"""Where a plugin's modules lie, each in a package of its key."""
WAYS_ROUND = frozenset({
    "aiohttp", "asyncio", "botocore", "boto3", "ctypes", "ftplib", "http", "httpx", "httpx2",
    "importlib", "multiprocessing", "paramiko", "posix", "pycurl", "requests", "smtplib", "socket",
    "ssl", "subprocess", "suds", "telnetlib", "threading", "urllib.request", "urllib3",
    "websocket", "websockets", "zeep",
})
"""Modules that can reach the network, or something that can, without ``karrio.lib.request``."""
CALLS_ROUND = frozenset({
    "__import__", "build_opener", "create_connection", "eval", "exec", "execv", "execve", "fork",
    "import_module", "popen", "posix_spawn", "spawnl", "spawnv", "system", "urlopen",
})


def plugin(key: str) -> Any:
    """A plugin's ``METADATA``: its Settings, Mapper and Proxy.

    Raises:
        NotSupported: it is not installed, goes round ``karrio.lib.request``, or karrio is not
            built as the bridge expects.
    """
    karrio()
    names = ways_round(key)
    if names:
        raise NotSupported(words.ROUND % {"names": ", ".join(sorted(names))})
    try:
        return import_module(f"karrio.plugins.{key}").METADATA
    except (ImportError, AttributeError) as error:
        raise NotSupported(words.NOT_INSTALLED) from error


@cache
def karrio() -> Any:
    """``karrio.lib``, made harmless. Errors as for ``plugin``."""
    checks = ssl._create_default_https_context
    try:
        from loguru import logger

        logger.disable("karrio")
        lib = import_module("karrio.lib")
        logger.remove()
        images: Any = import_module("PIL.ImageFile")
        images.LOAD_TRUNCATED_IMAGES = False
    except ImportError as error:
        raise NotSupported(words.NOT_INSTALLED) from error
    finally:
        ssl._create_default_https_context = checks
    _replace(lib)
    return lib


def models() -> Any:
    """karrio's own data classes. Errors as for ``plugin``."""
    karrio()
    return import_module("karrio.core.models")


def _replace(lib: Any) -> None:
    helpers, utils = (import_module(f"karrio.core.utils{part}") for part in (".helpers", ""))
    bundle, moment = helpers.bundle_base64, lib.fiso_timestamp

    def one_file(files: list[str], format: str = "PDF") -> Any:
        """A single label as it came; several are put together by karrio, with PyPDF2."""
        return files[0] if len(files) == 1 else bundle(files, format)

    def instant(date_str: str | None = None, *rest: Any, **named: Any) -> Any:
        """A moment with its offset, which karrio would write over with a Z; without one as told."""
        try:
            told = datetime.fromisoformat(str(date_str))
        except ValueError:
            told = None
        if told is not None and told.tzinfo is not None:
            return told.astimezone(UTC).isoformat()
        found = moment(date_str, *rest, **named)
        return found and str(found).removesuffix("Z")

    for owner, name, value in (
        (helpers, "_urlopen_with_span", seam.pass_on), (helpers, "urlopen", seam.closed),
        (helpers, "build_opener", seam.closed), (helpers, "install_opener", seam.closed),
        (helpers, "zpl_to_pdf", seam.closed), (utils, "zpl_to_pdf", seam.closed),
        (utils, "exec_async", seam.one_by_one), (utils, "exec_parrallel", seam.one_by_one),
        (helpers, "exec_async", seam.one_by_one), (helpers, "exec_parrallel", seam.one_by_one),
        (utils, "bundle_base64", one_file), (helpers, "bundle_base64", one_file),
        (lib, "fiso_timestamp", instant),
    ):
        if not hasattr(owner, name):
            raise NotSupported(words.OTHER_KARRIO)
        setattr(owner, name, value)


@cache
def ways_round(key: str) -> frozenset[str]:
    """What a plugin imports or calls by which it could reach the network by itself.

    Read from its source, without running it.
    """
    return frozenset(name for file in sources(key) for name in found_in(file.read_text("utf-8")))


def sources(key: str) -> Iterator[Path]:
    """The files of a plugin."""
    for package in PLUGIN:
        spec = find_spec(package)
        for place in (spec.submodule_search_locations or ()) if spec else ():
            yield from sorted(Path(place, key).rglob("*.py"))


def found_in(source: str) -> Iterator[str]:
    """The ways round in a module's source.

    Relative imports stay in the plugin, and karrio's own modules are the ones that were looked at.
    """
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            named = [one.name for one in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            named = [node.module, *(f"{node.module}.{one.name}" for one in node.names)]
        elif isinstance(node, ast.Call):
            called = node.func
            name = called.id if isinstance(called, ast.Name) else \
                called.attr if isinstance(called, ast.Attribute) else ""
            yield from {name} & CALLS_ROUND
            continue
        else:
            continue
        yield from (one for one in named if one in WAYS_ROUND
                    or one.partition(".")[0] in WAYS_ROUND)


def connection(key: str, settings: Mapping[str, Any], line: seam.Seam) -> tuple[Any, Any]:
    """A plugin's mapper and proxy for one account. Tokens live as long as these do.

    Raises:
        NotSupported: see ``plugin``.
    """
    found, lib = plugin(key), karrio()

    class Quiet(lib.Tracer):  # type: ignore[name-defined]  # known when loaded
        """Keeps no copy of what is sent: it has secrets and buyers in it, and takes threads."""

        def trace(self, data: Any, *_: Any, **__: Any) -> Any:
            return data

    class Tokens(lib.Cache):  # type: ignore[name-defined]  # known when loaded
        """Tokens in a dictionary, without threads."""

        def __init__(self) -> None:
            super().__init__()
            self.kept: dict[str, Any] = {}

        def get(self, key: str) -> Any:
            return self.kept.get(key)

        def set(self, key: str, value: Any, **_: Any) -> None:
            self.kept[key] = value() if callable(value) else value

        def thread_safe(self, refresh_func: Any, *rest: Any, **named: Any) -> Any:
            def fresh() -> Any:
                with line.for_token():
                    return refresh_func()

            return super().thread_safe(fresh, *rest, **named)

    made = found.Settings(carrier_id=key, **settings)
    made.tracer, made.cache, made.system_config = Quiet(), Tokens(), lib.SystemConfig()
    return found.Mapper(made), found.Proxy(made)
