"""Settings, typed and checked at start: ``instance/oms.toml``, then ``OMS_*`` in the environment.

    [oms]
    database = "postgresql+psycopg://oms@localhost/oms"
    trusted_hosts = ["oms.example.org"]
"""

from __future__ import annotations

import os
import secrets
import tomllib
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from oms_web.core.errors import Invalid


class Settings(BaseModel):
    """What an operator may set. Unknown names are refused, so a typing error is not silent."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    instance: Path
    database: str = ""
    host: str = "127.0.0.1"
    port: int = Field(default=8000, ge=1, le=65535)
    demo_port: int = Field(default=8001, ge=1, le=65535)
    threads: int = Field(default=8, ge=1, le=64)
    trusted_hosts: list[str] = ["localhost", "127.0.0.1", "[::1]"]
    secure_cookies: bool = False
    proxies: int = Field(default=0, ge=0, le=5)
    max_upload_mb: int = Field(default=64, ge=1, le=2048)
    api_per_minute: int = Field(default=600, ge=1, le=100_000)
    session_hours: int = Field(default=12, ge=1, le=720)
    loopback_shops: bool = True
    record_calls: bool = False
    isolate_connectors: bool = True
    connector_memory_mb: int = Field(default=512, ge=128, le=8192)
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = "INFO"
    secret_key: str = Field(min_length=32, repr=False)

    @field_validator("database")
    @classmethod
    def _engine(cls, value: str) -> str:
        if value and not value.startswith(("sqlite:///", "postgresql+psycopg://")):
            raise ValueError("must begin with sqlite:/// or postgresql+psycopg://")
        return value

    @property
    def database_url(self) -> str:
        """The database address; SQLite in the instance folder unless told otherwise."""
        return self.database or f"sqlite:///{self.instance / 'oms.sqlite3'}"

    @property
    def files(self) -> Path:
        """Where uploaded and made files are kept."""
        return self.instance / "files"


def load_settings(instance: Path) -> Settings:
    """Read and check the settings; makes the instance folder and its secret on first use.

    Raises:
        Invalid: naming the setting and what is wrong with it.
    """
    instance.mkdir(parents=True, exist_ok=True)
    values: dict[str, Any] = {"instance": instance, "secret_key": _secret(instance)}
    file = instance / "oms.toml"
    if file.exists():
        values |= _from_file(file)
    for name in Settings.model_fields:
        text = os.environ.get(f"OMS_{name.upper()}")
        if text is not None and name != "instance":
            values[name] = text.split(",") if name == "trusted_hosts" else text
    try:
        return Settings.model_validate(values)
    except ValidationError as error:
        first = error.errors()[0]
        name = ".".join(str(part) for part in first["loc"])
        raise Invalid("Setting %(name)s: %(why)s", name, name=name, why=first["msg"]) from error


def _from_file(file: Path) -> dict[str, Any]:
    try:
        content = tomllib.loads(file.read_text("utf-8"))
    except ValueError as error:  # not TOML, or not UTF-8
        raise Invalid("%(file)s cannot be read: %(why)s", "oms.toml", file=file, why=error) \
            from error
    section = content.pop("oms", {})
    if content or not isinstance(section, dict):
        raise Invalid("%(file)s: settings stand under the heading [oms], found %(name)s outside.",
                      "oms.toml", file=file, name=", ".join(sorted(content)) or "oms")
    return section


def _secret(instance: Path) -> str:
    """The installation's secret, made once, readable by its owner only."""
    file = instance / "secret"
    if not file.exists():
        handle = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(handle, "w") as out:
            out.write(secrets.token_urlsafe(48))
    return file.read_text().strip()
