"""karrio's way to the network: ``context.http`` and nothing else.

karrio's plugins ask for everything through ``karrio.lib.request``, which ends in one function of
``karrio.core.utils.helpers``. That function's place is taken (``loading.py``), and whoever comes
there is answered by the seam of the call that is being made. Where no call is, for example while an
answer is read, there is no way out.

A seam knows whether its call changes something at the carrier. Then one request may, and no second;
what is asked for a token, or with GET, changes nothing.
"""

from __future__ import annotations

import io
import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from email.message import Message
from typing import Any
from urllib.error import HTTPError
from urllib.parse import urlsplit
from xml.parsers import expat

from oms_connector import (
    AccessRefused,
    ChannelDown,
    ChannelError,
    Http,
    OutcomeUnknown,
    Response,
)

from oms_karrio import words

_open: ContextVar[Seam | None] = ContextVar("open", default=None)


class Closed(Exception):
    """Somebody wants to reach the network where no request is due."""


class Seam:
    """The network of one call. ``base`` is the only address it reaches.

    ``failed`` is the first error, which karrio may have swallowed; ``status`` that of the last
    answer, 0 before; ``wrote``: a request that changes something may have arrived.
    """

    def __init__(self, http: Http, base: str, *, writes: bool) -> None:
        self.failed: ChannelError | None = None
        self.status = 0
        self.wrote = False
        self._http = http
        self._host = urlsplit(base).hostname
        self._writes = writes
        self._for_token = False

    @contextmanager
    def open(self) -> Iterator[None]:
        """Let karrio ask its carrier from here on."""
        token = _open.set(self)
        try:
            yield
        finally:
            _open.reset(token)

    @contextmanager
    def for_token(self) -> Iterator[None]:
        """What is asked now is asked for a token: it changes nothing, a refusal is of access."""
        self._for_token = True
        try:
            yield
        finally:
            self._for_token = False

    def answer(self, request: Any) -> Answer:
        """A request of ``urllib``'s, answered.

        Raises:
            HTTPError: the carrier's refusal, for karrio to read.
            ChannelError: as the engine sorts them; kept in ``failed`` too.
        """
        if self.failed is not None:
            raise self.failed
        try:
            return self._asked(request)
        except ChannelError as error:
            self.failed = error
            raise

    def _asked(self, request: Any) -> Answer:
        url, method = str(request.full_url), str(request.get_method())
        if urlsplit(url).hostname != self._host:
            raise ChannelDown(words.ELSEWHERE)
        safe = not self._writes or self._for_token or method == "GET"
        if not safe and self.wrote:
            raise OutcomeUnknown(words.TWICE)
        response = self._sent(method, url, dict(request.header_items()), request.data, safe)
        return self._understood(response, url, safe)

    def _sent(self, method: str, url: str, headers: Mapping[str, str], body: bytes | None,
              safe: bool) -> Response:
        try:
            response = self._http.request(method, url, headers=headers, body=body, safe=safe,
                                          signed=False)
        except OutcomeUnknown:
            self.wrote = True
            raise
        self.wrote = self.wrote or not safe
        return response

    def _understood(self, response: Response, url: str, safe: bool) -> Answer:
        self.status = response.status
        failing = ChannelDown if safe else OutcomeUnknown
        if 200 <= response.status < 300:
            if not is_whole(response.body):
                raise failing(words.NO_SENSE)
            return Answer(response, url)
        if response.status < 400 or response.status >= 500:
            raise failing(words.STATUS % {"status": response.status})
        if self._for_token:
            raise AccessRefused(words.NO_ACCESS)
        if response.status == 403:
            raise AccessRefused(words.NO_RIGHTS)
        raise HTTPError(url, response.status, "", _headers(response), io.BytesIO(response.body))


class Answer:
    """A ``Response`` as ``urllib`` would give it."""

    def __init__(self, response: Response, url: str) -> None:
        self.status = self.code = response.status
        self.headers = _headers(response)
        self.url = url
        self._body = response.body

    def read(self) -> bytes:
        """The body; again as often as asked for."""
        return self._body

    def __enter__(self) -> Answer:
        return self

    def __exit__(self, *_: object) -> None:
        return None


def is_whole(body: bytes) -> bool:
    """Whether an answer came to its end, where that can be told: karrio reads half an XML document
    as if it were one, and half a journey as the whole.
    """
    begin = body.lstrip()[:1]
    try:
        if begin in (b"{", b"["):
            json.loads(body)
        elif begin == b"<":
            parser = expat.ParserCreate()
            parser.StartDoctypeDeclHandler = closed  # nobody honest sends one
            parser.Parse(body.lstrip(), True)
    except (ValueError, expat.ExpatError, Closed):
        return False
    return True


def _headers(response: Response) -> Message:
    found = Message()
    for name, value in response.headers.items():
        found[name] = value
    return found


def pass_on(request: Any, timeout: object = None) -> Answer:
    """Stands where karrio opens addresses.

    Raises:
        Closed: no call is being made.
    """
    seam = _open.get()
    if seam is None:
        raise Closed
    return seam.answer(request)


def closed(*_: object, **__: object) -> Any:
    """Stands where karrio could open addresses by another way.

    Raises:
        Closed: always.
    """
    raise Closed


def one_by_one(function: Callable[[Any], Any], sequence: Any, *_: object, **__: object
               ) -> list[Any]:
    """Stands where karrio would start threads."""
    return [function(one) for one in sequence or ()]
