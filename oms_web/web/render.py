"""One URL, two sizes: the whole page, or the part of it that htmx asks for."""

from __future__ import annotations

from typing import Any

from flask import Response, make_response, render_template, request

from oms_web.web.toasts import behind_part


def wants_part() -> bool:
    """Whether htmx asks for a part (and not for a whole page after boost or history restore)."""
    return (
        request.headers.get("HX-Request") == "true"
        and request.headers.get("HX-Request-Type", "partial") == "partial"
        and request.headers.get("HX-History-Restore-Request") != "true"
    )


def render(page: str, part: str | None = None, /, *, status: int = 200, **values: Any
           ) -> Response:
    """The page template, or the part template when htmx wants a part."""
    template = part if part is not None and wants_part() else page
    response = make_response(render_template(template, **values), status)
    if template is part:
        behind_part(response)
    response.vary.add("HX-Request")
    return response


def go(url: str) -> Response:
    """Send the browser to another page, whether it asked by itself or through htmx."""
    if wants_part():
        response = make_response("", 200)
        response.headers["HX-Redirect"] = url
        return response
    response = make_response("", 303)
    response.headers["Location"] = url
    return response
