"""``oms users``: people who may sign in, for when nobody can."""

from __future__ import annotations

import secrets

import click
from sqlalchemy import select

from oms_web.cli.database import opened
from oms_web.cli.groups import Group
from oms_web.core.actor import Actor
from oms_web.core.errors import NotFound
from oms_web.core.work import Work
from oms_web.domain.users import service
from oms_web.domain.users.models import User
from oms_web.domain.users.permissions import OWNER, ROLES

SHELL = Actor("cli", "shell")


@click.group(cls=Group)
def users() -> None:
    """People who may sign in."""


@users.command("list")
def list_() -> None:
    """Everybody, by e-mail."""
    with opened().works.reading(SHELL) as work:
        for user in work.session.scalars(select(User).order_by(User.email)):
            seen = f"{user.last_seen_at:%Y-%m-%d %H:%M}" if user.last_seen_at else "never"
            state = "active" if user.active else "off"
            click.echo(f"{user.email:<40} {user.role:<11} {state:<7} last sign-in {seen}")


@users.command()
@click.argument("email")
@click.option("--name", default="", help="Shown in the app; the e-mail if not given.")
@click.option("--role", type=click.Choice(ROLES), default=OWNER, show_default=True)
@click.option("--language", type=click.Choice(("pl", "en")), default="pl", show_default=True)
@click.option("--password", default="", help="Made up and shown if not given (safer).")
def add(email: str, name: str, role: str, language: str, password: str) -> None:
    """Add somebody with EMAIL."""
    chosen = password or secrets.token_urlsafe(12)
    with opened().works.writing(SHELL) as work:
        user = service.create_user(work, email, name, role, chosen, language)
    click.echo(f"{user.email} added as {role}")
    _show(password, chosen)


@users.command()
@click.argument("email")
@click.option("--password", default="", help="Made up and shown if not given (safer).")
def password(email: str, password: str) -> None:
    """Give EMAIL a new password and end all their sessions."""
    chosen = password or secrets.token_urlsafe(12)
    with opened().works.writing(SHELL) as work:
        service.change_password(work, _find(work, email).id, chosen)
    click.echo(f"password of {email} changed; they are signed out everywhere")
    _show(password, chosen)


def _find(work: Work, email: str) -> User:
    user = work.session.scalar(select(User).where(User.email == email.strip().lower()))
    if user is None:
        raise NotFound("Nobody has the e-mail %(email)s.", email=email)
    return user


def _show(given: str, chosen: str) -> None:
    if not given:
        click.echo(f"password: {chosen}   (shown this once)")
