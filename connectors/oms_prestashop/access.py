"""Whether the settings work, and if not, which of them is wrong."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Iterator, Mapping, Sequence

from defusedxml.common import DefusedXmlException
from defusedxml.ElementTree import ParseError, fromstring
from oms_connector import AccessRefused, ChannelDown, Response

from oms_prestashop import shop, states, words
from oms_prestashop.calls import Api, reason

READS = ("addresses", "carriers", "combinations", "configurations", "countries", "currencies",
         "customers", "messages", "order_carriers", "order_cart_rules", "order_details",
         "order_histories", "order_payments", "order_slip", "order_states", "orders",
         "product_option_values", "products", "states", "stock_availables", "taxes")
FROM_8 = frozenset({"order_cart_rules"})
"""What PrestaShop 1.7 does not have yet."""
WRITES = (("put", "stock_availables"), ("put", "order_carriers"), ("post", "order_carriers"),
          ("post", "order_histories"))
SAID = {"get": "View (GET)", "put": "Modify (PUT)", "post": "Add (POST)"}
"""What the back office calls the permissions."""
KEY_LETTERS = 32
OFF = "22"


def headers(secrets: Mapping[str, str]) -> Mapping[str, str]:
    """Basic authentication, the key as the user and no password; nothing before there is one."""
    key = secrets.get("key", "").strip()
    return {"Authorization": f"Basic {b64encode(f'{key}:'.encode()).decode()}"} if key else {}


def verify(api: Api, own: states.Own, key: str) -> str:
    """The shop's name, with its currency, time zone and version.

    Raises:
        AccessRefused: ``field`` says which setting is wrong.
        ChannelDown: nobody knows, now.
    """
    if len(key.strip()) != KEY_LETTERS:
        raise AccessRefused(words.KEY_FORM, "key")
    try:
        answer = api.ask("GET", "", {}, form="XML")
    except AccessRefused as refused:
        raise AccessRefused(str(refused) if refused.field else words.KEY_REFUSED,
                            refused.field or "key") from refused
    rights, version = _rights(api, answer), answer.headers.get("psws-version", "")
    reads = [name for name in READS if not (version.startswith("1.") and name in FROM_8)]
    missing = [f"{SAID[method]}: {', '.join(names)}" for method, names in _lacking(rights, reads)]
    if missing:
        raise AccessRefused(words.LACKS_RIGHTS % {"missing": "; ".join(missing)}, "key")
    found = shop.load(api)
    _sent_status(api, own)
    said = [shop.currency(api, found), found.settings["PS_TIMEZONE"],
            f"PrestaShop {version}".strip()]
    return f"{found.settings.get('PS_SHOP_NAME') or 'PrestaShop'} ({', '.join(said)})"


def _rights(api: Api, answer: Response) -> Mapping[str, Mapping[str, str]]:
    """Resource -> method -> "true" or "false", from the webservice's front page.

    Only its XML tells the methods.
    """
    if 300 <= answer.status < 400:
        where = answer.headers.get("location", "").split("/api")[0][:200]
        raise AccessRefused(words.MOVED % {"url": where}, "url")
    if answer.status == 403:
        told = _code(answer)
        raise AccessRefused(words.NO_SHOP if told else words.WALL % {"status": 403},
                            "id_shop" if told else "url")
    if answer.status == 404:
        raise AccessRefused(words.NO_API, "url")
    if answer.status == 503 and _code(answer) == OFF:
        raise AccessRefused(words.OFF, "url")
    if answer.status >= 300:
        raise ChannelDown(words.STATUS % {"status": answer.status})
    try:
        front = fromstring(answer.body).find("api")
    except (ParseError, DefusedXmlException):
        front = None
    if front is None:
        if b"<prestashop" in answer.body or not api.shop:
            raise ChannelDown(words.NO_JSON)
        # PrestaShop sends who asks for a shop that is not there to its front page.
        raise AccessRefused(words.NO_SHOP, "id_shop")
    return {node.tag: node.attrib for node in front}


def _code(answer: Response) -> str:
    try:
        return (fromstring(answer.body).findtext("errors/error/code") or "").strip()
    except (ParseError, DefusedXmlException):
        return reason(answer)[0]


def _lacking(rights: Mapping[str, Mapping[str, str]], reads: Sequence[str]
             ) -> Iterator[tuple[str, list[str]]]:
    wanted = [*(("get", name) for name in reads), *WRITES]
    for method in SAID:
        names = [name for one, name in wanted
                 if one == method and rights.get(name, {}).get(method) != "true"]
        if names:
            yield method, names


def _sent_status(api: Api, own: states.Own) -> None:
    """See that the status which is set after sending exists, where one is named."""
    if own.sent and states.sent_number(states.rows(api), own, "") is None:
        raise AccessRefused(words.NO_SENT % {"status": own.sent}, "sent_status")
