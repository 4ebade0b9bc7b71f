"""The connector to Fakturownia: documents entered, found again and marked as paid.

Source: github.com/fakturownia/API (README.md, KSeF.md), app.fakturownia.pl/api (``oid`` as a
filter, the token as a header), github.com/e-paragony/api (the same). Our number is their ``oid``;
with ``oid_unique`` they refuse a second document of it.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from typing import Any

from oms_connector import (
    AccessRefused,
    BookDocument,
    BookKind,
    ChannelDown,
    ChannelError,
    Connector,
    Entered,
    Field,
    Limit,
    Manifest,
    NotFound,
    OutcomeUnknown,
    Refused,
    Response,
)
from oms_connector.asking import read, write
from oms_connector.reading import Puzzling, value

from oms_fakturownia import mapping, words

INVOICES = "/invoices.json"
PAGE = 100
"""Most that a list gives at once (README, ``per_page``)."""
_LABEL = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?")


class FakturowniaConnector(Connector):
    """One account; the number of a document is its ``oid`` there."""

    manifest = Manifest(
        key="fakturownia", name="Fakturownia", letters="Fa", hue=150, version="1.0",
        quality="silver", help=words.HELP,
        settings=(
            Field("account", words.ACCOUNT, help=words.ACCOUNT_HELP),
            Field("api_token", words.TOKEN, secret=True, help=words.TOKEN_HELP),
            Field("department", words.DEPARTMENT, required=False, help=words.DEPARTMENT_HELP),
        ),
        limits=(Limit(per_second=1, burst=5),),
    )

    @classmethod
    def base_url(cls, settings: Mapping[str, Any]) -> str:
        """The account's own address."""
        return f"https://{_account(settings)}.fakturownia.pl"

    @classmethod
    def auth_headers(cls, secrets: Mapping[str, str]) -> Mapping[str, str]:
        """The API code, never in an address."""
        return {"Authorization": f"Bearer {secrets.get('api_token', '').strip()}"}

    def verify(self) -> str:
        """Whether the code opens this account, and whether the department is there."""
        wanted = self._department
        try:
            found = read(self.context.http, "/departments.json", _refusal)
        except AccessRefused:
            raise AccessRefused(words.REFUSED_KEY, "api_token") from None
        except NotFound:
            raise AccessRefused(words.NO_ACCOUNT, "account") from None
        rows = [one for one in found if isinstance(one, dict)] if isinstance(found, list) else []
        mine = [one for one in rows if not wanted or str(value(one, "id")) == wanted]
        if wanted and not mine:
            raise AccessRefused(words.NO_DEPARTMENT, "department")
        name = str(value(mine[0], "name") or "") if mine else ""
        return name or _account(self.context.settings)

    # KeepsBooks

    def takes(self) -> Sequence[BookKind]:
        """No advance and final invoices: there they hang on an order of its own."""
        return mapping.TAKES

    def enter(self, document: BookDocument) -> Entered:
        """One POST; whatever is refused may be there already, and is looked for."""
        original = self._original(document) if document.kind == "correction" else None
        said = {"invoice": mapping.invoice(document, original, self._department)}
        try:
            told = write(self.context.http, "POST", INVOICES, _refusal, json=said, needs=("id",))
        except AccessRefused:
            raise
        except Refused as refusal:
            known = self._again(document)
            if known is None:
                raise refusal from None
            return known
        try:
            return self._entered(told)
        except Puzzling as puzzle:
            raise OutcomeUnknown(str(puzzle)) from puzzle

    def find_entry(self, document: BookDocument) -> Entered | None:
        """By our number, exactly: as we entered it, or as a person did."""
        found = self._known(document.number, (mapping.kind_of(document),))
        try:
            return self._entered(found) if found else None
        except Puzzling as puzzle:
            raise ChannelDown(str(puzzle)) from puzzle

    def tell_paid(self, reference: str, document: BookDocument) -> None:
        """By its status; a pro forma, which has none, by the amount. Looked at first: what the
        answer to a change of status looks like is written nowhere.
        """
        path = f"/invoices/{_number(reference)}"
        told = read(self.context.http, f"{path}.json", _refusal, needs=("id",))
        if value(told, "cancelled"):
            raise NotFound(words.GONE, "cancelled")
        if document.kind != "proforma":
            if value(told, "status") != "paid":
                write(self.context.http, "POST", f"{path}/change_status.json?status=paid", _refusal)
        elif str(value(told, "paid")) != (amount := f"{document.payment.paid:.2f}"):
            write(self.context.http, "PUT", f"{path}.json", _refusal, needs=("id",),
                  json={"invoice": {"paid": amount}})

    # Requests

    @property
    def _department(self) -> str:
        return str(self.context.settings.get("department") or "").strip()

    def _original(self, document: BookDocument) -> int:
        if document.corrects_entry:
            return int(_number(document.corrects_entry))
        ref = value(self._known(document.corrects, mapping.INVOICES), "id")
        if not isinstance(ref, int):
            raise Refused(words.NO_ORIGINAL % {"number": document.corrects}, "corrects", "corrects")
        return ref

    def _known(self, number: str, kinds: Collection[str]) -> Any:
        """The document of a number and one of these kinds; None where there is none."""
        for name in ("oid", "number"):
            rows = self._listed({name: number})
            for one in rows:
                if value(one, name) == number and value(one, "kind") in kinds \
                        and not value(one, "cancelled"):
                    return one
            if len(rows) >= PAGE:
                raise ChannelDown(words.TOO_MANY)
        return None

    def _again(self, document: BookDocument) -> Entered | None:
        """What is there under the number of a document that was refused."""
        try:
            return self.find_entry(document)
        except ChannelError as error:
            raise OutcomeUnknown(str(error)) from error

    def _listed(self, wanted: Mapping[str, str]) -> list[Any]:
        found = read(self.context.http, INVOICES, _refusal,
                     params={**wanted, "period": "all", "per_page": PAGE})
        if not isinstance(found, list):
            raise ChannelDown(words.NOT_THE_SAME)
        return found

    def _entered(self, told: Any) -> Entered:
        return mapping.entered(told, _account(self.context.settings))


def _account(settings: Mapping[str, Any]) -> str:
    """The name of the account, typed alone or as its whole address.

    Raises:
        AccessRefused: it is no name that an address could have.
    """
    typed = str(settings.get("account") or "").strip().lower()
    name = typed.removeprefix("https://").rstrip("/").removesuffix(".fakturownia.pl")
    if not _LABEL.fullmatch(name):
        raise AccessRefused(words.NO_ACCOUNT, "account")
    return name


def _number(reference: str) -> str:
    if not (reference.isascii() and reference.isdigit()):
        raise NotFound(words.GONE, "gone")
    return reference


def _refusal(response: Response, told: Any) -> ChannelError:
    """By status and the names of fields; sentences may name the buyer and are not repeated."""
    if response.status == 403:
        return AccessRefused(words.REFUSED_KEY, "api_token")
    if response.status == 404:
        return NotFound(words.GONE, "404")
    fields = value(told, "message")
    if isinstance(fields, dict) and fields:
        names = [str(name)[:60] for name in fields][:8]
        return Refused(words.FIELDS % {"fields": ", ".join(names)}, "422", names[0])
    return Refused(words.CODE % {"code": response.status}, str(response.status))
