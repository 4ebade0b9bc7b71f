"""Flask extensions, each made once here and bound to the app in ``app.py``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from flask import Flask
from flask_babel import Babel
from flask_sqlalchemy import SQLAlchemy
from flask_wtf import CSRFProtect
from sqlalchemy import Engine
from sqlalchemy.orm import Session

from oms_web.core.db import Base


class OmsSQLAlchemy(SQLAlchemy):
    """Flask-SQLAlchemy over our metadata and our engine: the request's session to read with."""

    if TYPE_CHECKING:
        # A scoped session hands every call on to the session of the request.
        session: Session  # type: ignore[assignment]

    def _make_engine(self, bind_key: str | None, options: dict[str, Any], app: Flask) -> Engine:
        return app.extensions["oms"].engine


db = OmsSQLAlchemy(metadata=Base.metadata, session_options={"autoflush": False})
babel = Babel()
csrf = CSRFProtect()
