"""Accounts, passwords and sessions."""

from __future__ import annotations

import hashlib
import re
import secrets
from datetime import datetime, timedelta
from functools import cache

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerifyMismatchError
from sqlalchemy import delete, func, select, update
from sqlalchemy.orm import Session

from oms_web.core.actor import SYSTEM, Actor
from oms_web.core.db import rows_changed
from oms_web.core.errors import Invalid, NotAllowedNow, NotFound
from oms_web.core.text import tidy
from oms_web.core.work import Work, Works
from oms_web.domain.audit import service as audit
from oms_web.domain.users.models import SignInFailure, User, UserSession
from oms_web.domain.users.permissions import OWNER, ROLES

MIN_PASSWORD = 10
FAILURES_ALLOWED = 10
FAILURE_WINDOW = timedelta(minutes=15)
SEEN_EVERY = timedelta(minutes=5)
THEMES = ("auto", "light", "dark")
IDLE_LIMIT = timedelta(hours=8)

_EMAIL = re.compile(r"[^@\s]+@[^@\s]+")

# OWASP's second choice for argon2id: 19 MiB, two passes, one lane.
_hasher = PasswordHasher(time_cost=2, memory_cost=19 * 1024, parallelism=1)


@cache
def _dummy_hash() -> str:
    # Verified against when there is no such account, so that the answer takes as long.
    return _hasher.hash(secrets.token_hex(8))


def _hash_token(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()


def create_user(work: Work, email: str, name: str, role: str, password: str,
                language: str = "pl") -> User:
    """Add a person who may sign in.

    Raises:
        Invalid: e-mail taken or malformed, unknown role, password too short.
    """
    email = checked_email(work.session, email)
    if role not in ROLES:
        raise Invalid("Choose a role.", "role")
    user = User(
        email=email, name=tidy(name)[:120] or email, role=role, language=language,
        password_hash=_checked_hash(password), created_at=work.now,
    )
    work.session.add(user)
    work.session.flush()
    audit.record(work, "users.create", "user", user.id, {"email": [None, email],
                                                          "role": [None, role]})
    return user


def _checked_hash(password: str) -> str:
    if len(password) < MIN_PASSWORD:
        raise Invalid("A password has at least %(n)s characters.", "password", n=MIN_PASSWORD)
    if len(password) > 200:
        raise Invalid("This password is too long.", "password")
    return _hasher.hash(password)


def find_session(session: Session, token: str, now: datetime) -> tuple[User, UserSession] | None:
    """The person behind a session cookie, and the session; None when it has ended."""
    row = session.execute(
        select(User, UserSession)
        .join(UserSession, UserSession.user_id == User.id)
        .where(UserSession.token_hash == _hash_token(token), User.active)
    ).one_or_none()
    if row is None:
        return None
    user, found = row
    if found.ends_at <= now or found.seen_at + IDLE_LIMIT <= now:
        return None
    return user, found


def needs_touch(found: UserSession, now: datetime) -> bool:
    """Whether a session's last-seen mark is old enough to be written again."""
    return found.seen_at + SEEN_EVERY <= now


def touch_session(works: Works, session_id: int) -> None:
    """Note that a session is in use; called at most every five minutes, see ``needs_touch``."""
    with works.writing(SYSTEM) as work:
        touched = work.session.execute(
            update(UserSession)
            .where(UserSession.id == session_id, UserSession.seen_at <= work.now - SEEN_EVERY)
            .values(seen_at=work.now).returning(UserSession.user_id)
        ).scalar_one_or_none()
        if touched is not None:
            work.session.execute(
                update(User).where(User.id == touched).values(last_seen_at=work.now)
            )


def sign_in(
    work: Work, email: str, password: str, *, address: str, agent: str, hours: int,
    known_device: bool = False,
) -> tuple[str, int]:
    """Start a session: the cookie's token and how many hours it lasts.

    ``known_device`` says that this browser has signed in as this person before; other people's
    failures at the account do not keep it out then.

    Raises:
        Invalid: wrong e-mail or password (which of the two is not said).
        NotAllowedNow: too many failures lately from this address or for this e-mail.
    """
    email = email.strip().lower()
    _slow_down(work, email, address, known_device)
    user = work.session.scalar(select(User).where(User.email == email))
    try:
        _hasher.verify(user.password_hash if user else _dummy_hash(), password)
        known = user is not None and user.active
    except (VerifyMismatchError, InvalidHashError):
        known = False
    if user is None or not known:
        raise Invalid("Wrong e-mail or password.", "password")
    token = secrets.token_urlsafe(32)
    work.session.add(UserSession(
        token_hash=_hash_token(token), user_id=user.id, created_at=work.now, seen_at=work.now,
        ends_at=work.now + timedelta(hours=hours), address=address[:60], agent=agent[:200],
    ))
    user.last_seen_at = work.now
    as_user = Work(work.session, Actor("user", user.name, user.id), work.now, work.ports)
    audit.record(as_user, "users.sign_in", "user", user.id)
    return token, hours


def role_of(session: Session, email: str) -> str:
    """The role of an account; empty when there is none."""
    return session.scalar(select(User.role).where(User.email == email.strip().lower())) or ""


def _slow_down(work: Work, email: str, address: str, known_device: bool) -> None:
    limits = [(SignInFailure.address, address, FAILURES_ALLOWED)]
    # Guessing from many addresses is stopped per account, but a stranger must not be able to lock
    # a person out that way: the browsers that person uses are exempt.
    if not known_device:
        limits.append((SignInFailure.email, email, FAILURES_ALLOWED * 5))
    since = work.now - FAILURE_WINDOW
    for column, value, limit in limits:
        failures = work.session.scalar(
            select(func.count()).where(column == value, SignInFailure.at > since)
        )
        if (failures or 0) >= limit:
            raise NotAllowedNow("Too many attempts. Try again in a quarter of an hour.")


def note_failure(works: Works, email: str, address: str) -> None:
    """Remember a failed sign-in; in a transaction of its own, since the attempt's is undone."""
    with works.writing(SYSTEM) as work:
        work.session.execute(
            delete(SignInFailure).where(SignInFailure.at < work.now - 4 * FAILURE_WINDOW)
        )
        work.session.add(SignInFailure(at=work.now, email=email.strip().lower()[:200],
                                       address=address[:60]))


def end_session(work: Work, session_id: int, user_id: int) -> None:
    """Sign a person out of one browser."""
    ended = rows_changed(
        work.session,
        delete(UserSession).where(UserSession.id == session_id, UserSession.user_id == user_id)
    )
    if ended:
        audit.record(work, "users.sign_out", "user", user_id)


def sessions_of(session: Session, user_id: int, now: datetime) -> list[UserSession]:
    """The browsers a person is signed in at, the latest used first."""
    return list(session.scalars(
        select(UserSession)
        .where(UserSession.user_id == user_id, UserSession.ends_at > now,
               UserSession.seen_at > now - IDLE_LIMIT)
        .order_by(UserSession.seen_at.desc())
    ))


def list_users(session: Session) -> list[User]:
    """Everybody who has an account; those who may sign in first, by name."""
    return list(session.scalars(select(User).order_by(User.active.desc(), func.lower(User.name))))


def end_all_sessions(work: Work, user_id: int, *, keep: int | None = None) -> int:
    """Sign a person out everywhere, except the session ``keep``; how many ended."""
    ended = rows_changed(
        work.session,
        delete(UserSession).where(UserSession.user_id == user_id, UserSession.id != (keep or 0))
    )
    return ended


def get_user(session: Session, user_id: int) -> User:
    """A user by id.

    Raises:
        NotFound: there is none.
    """
    user = session.get(User, user_id)
    if user is None:
        raise NotFound("There is no such person.")
    return user


def change_password(work: Work, user_id: int, password: str, *, keep: int | None = None) -> None:
    """Set a password and end the person's other sessions.

    Raises:
        Invalid: too short or too long.
    """
    user = get_user(work.session, user_id)
    user.password_hash = _checked_hash(password)
    end_all_sessions(work, user_id, keep=keep)
    audit.record(work, "users.password", "user", user_id)


def change_own_password(work: Work, user: User, present: str, password: str, keep: int) -> None:
    """A person's own change of password; their other sessions end.

    Raises:
        Invalid: the present password is wrong, or the new one cannot be.
    """
    if not check_password(user, present):
        raise Invalid("This is not your present password.", "present")
    change_password(work, user.id, password, keep=keep)


def reset_password(work: Work, user_id: int) -> str:
    """Give a person a new password made by us, and end their sessions; it is shown once."""
    password = make_password()
    change_password(work, user_id, password)
    return password


def make_password() -> str:
    """A password to hand over: 60 bits, without letters that are taken for one another."""
    letters = "abcdefghjkmnpqrstuvwxyz23456789"
    return "-".join("".join(secrets.choice(letters) for _ in range(4)) for _ in range(3))


def check_password(user: User, password: str) -> bool:
    """Whether this is the person's password."""
    try:
        return _hasher.verify(user.password_hash, password)
    except (VerifyMismatchError, InvalidHashError):
        return False


def set_role(work: Work, user_id: int, role: str) -> None:
    """Give a person another role and end their sessions.

    Raises:
        NotAllowedNow: the last owner would be gone.
    """
    user = get_user(work.session, user_id)
    if role not in ROLES:
        raise Invalid("Choose a role.", "role")
    if user.role == OWNER and role != OWNER:
        _keep_an_owner(work, user_id)
    audit.record(work, "users.role", "user", user_id, {"role": [user.role, role]})
    user.role = role
    end_all_sessions(work, user_id)


def set_active(work: Work, user_id: int, active: bool) -> None:
    """Let a person in, or keep them out and end their sessions.

    Raises:
        NotAllowedNow: the last owner would be locked out.
    """
    user = get_user(work.session, user_id)
    if not active and user.role == OWNER:
        _keep_an_owner(work, user_id)
    audit.record(work, "users.active", "user", user_id, {"active": [user.active, active]})
    user.active = active
    if not active:
        end_all_sessions(work, user_id)


def _keep_an_owner(work: Work, without: int) -> None:
    others = work.session.scalar(
        select(func.count()).where(User.role == OWNER, User.active, User.id != without)
    )
    if not others:
        raise NotAllowedNow("The shop needs at least one owner who can sign in.")


def rename(work: Work, user_id: int, name: str, email: str) -> None:
    """Change a person's name and the e-mail they sign in with.

    Raises:
        Invalid: no name; e-mail taken or malformed.
    """
    user = get_user(work.session, user_id)
    name = tidy(name)
    if not name or len(name) > 120:
        raise Invalid("Fill this in.", "name")
    email = checked_email(work.session, email, user_id)
    difference = audit.changes({"name": user.name, "email": user.email},
                               {"name": name, "email": email})
    if difference:
        audit.record(work, "users.rename", "user", user_id, difference)
    user.name, user.email = name, email


def checked_email(session: Session, email: str, own_id: int = 0) -> str:
    """An e-mail nobody else uses, in lower case.

    Raises:
        Invalid: taken or malformed.
    """
    email = email.strip().lower()
    if not _EMAIL.fullmatch(email) or len(email) > 200:
        raise Invalid("This is not an e-mail address.", "email")
    if session.scalar(select(User.id).where(User.email == email, User.id != own_id)):
        raise Invalid("Somebody already uses this e-mail.", "email")
    return email


def set_single_keys(work: Work, user_id: int, on: bool) -> None:
    """Whether single letters act as shortcuts for a person."""
    work.session.execute(update(User).where(User.id == user_id).values(single_keys=on))


def set_language(work: Work, user_id: int, language: str) -> None:
    """The language a person reads the app in."""
    work.session.execute(update(User).where(User.id == user_id).values(language=language))


def set_theme(work: Work, user_id: int, theme: str) -> None:
    """The colour scheme a person sees: ``auto``, ``light`` or ``dark``.

    Raises:
        Invalid: another word.
    """
    if theme not in THEMES:
        raise Invalid("Choose a colour scheme.", "theme")
    work.session.execute(update(User).where(User.id == user_id).values(theme=theme))


def first_owner(works: Works, email: str, language: str) -> tuple[str, str] | None:
    """Make the owner account of a new installation: e-mail and password, to be shown once.

    Returns:
        None when there already is somebody.
    """
    with works.writing(SYSTEM) as work:
        if work.session.scalar(select(User.id).limit(1)):
            return None
        password = make_password()
        create_user(work, email, "Owner", OWNER, password, language)
        return email, password
