"""What all connectors of the demo share: the address of the marketplace and its token."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from oms_connector import AccessRefused, Connector, Field, NotFound

from oms_demo import words
from oms_demo.asking import Asking

API = "/api/v1"
SETTINGS = (
    Field("url", words.URL, "url", default="http://127.0.0.1:8001", help=words.URL_HELP),
    Field("token", words.TOKEN, secret=True, help=words.TOKEN_HELP),
)


class Lodger(Connector):
    """A connector to one of the services behind the marketplace's API."""

    @classmethod
    def base_url(cls, settings: Mapping[str, Any]) -> str:
        """All paths lie under the first version of the API."""
        return f"{str(settings.get('url', '')).rstrip('/')}{API}"

    @classmethod
    def auth_headers(cls, secrets: Mapping[str, str]) -> Mapping[str, str]:
        """The seller's token."""
        return {"Authorization": f"Bearer {secrets.get('token', '')}"}

    @property
    def _market(self) -> Asking:
        return Asking(self.context.http)

    def verify(self) -> str:
        """The seller's name; says which of the settings is wrong."""
        try:
            return str(self._market.get("me", ("seller",))["seller"])
        except AccessRefused as refusal:
            raise AccessRefused(words.TOKEN_REFUSED, "token") from refusal
        except NotFound as missing:
            raise AccessRefused(words.NOT_THE_MARKETPLACE, "url") from missing
