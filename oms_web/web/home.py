"""The first screen after signing in."""

from __future__ import annotations

from flask import Blueprint, Response

from oms_web.web.access import act
from oms_web.web.render import render

screen = Blueprint("home", __name__)


@screen.get("/")
@act("home.see")
def index() -> Response:
    """What waits for a person, and today's numbers."""
    return render("home/page.html")
