"""Profiles: how a seller's files are read. Kept in the database, checked by the file connector."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, cast

from oms_connector import (
    Connector,
    Context,
    FileKind,
    FileProblem,
    Http,
    NotSupported,
    ReadsFiles,
    Response,
)
from sqlalchemy import select
from sqlalchemy.orm import Session

from oms_web.core.clock import utc_now
from oms_web.core.errors import Invalid, NotAllowedNow, NotFound
from oms_web.core.text import tidy
from oms_web.core.work import Work
from oms_web.domain.audit import service as audit
from oms_web.domain.channels.models import ChannelAccount
from oms_web.sync import accounts
from oms_web.sync.models import ImportProfile, ImportRun
from oms_web.sync.registry import Registry

CONNECTOR = "files"
KINDS: tuple[FileKind, ...] = ("orders", "products", "stock")


class _NoNetwork(Http):
    """Files need no network; a file connector that asks for one is wrong."""

    def request(self, method: str, path: str, **_named: Any) -> Response:
        raise NotSupported("files are read without a network")

    def pause(self, seconds: float, bucket: str = "") -> None:
        raise NotSupported("files are read without a network")

    def renew(self) -> None:
        raise NotSupported("files are read without a network")


def file_connector(registry: Registry) -> type[Connector]:
    """The connector class that reads files.

    Raises:
        NotAllowedNow: it is not installed.
    """
    found = registry.get(CONNECTOR)
    if found is None:
        raise NotAllowedNow("The connector %(key)s is not installed.", key=CONNECTOR)
    return found


def reader(registry: Registry) -> ReadsFiles:
    """Something that reads files."""
    made = file_connector(registry)(Context(
        settings={}, secrets={}, http=_NoNetwork(), now=utc_now(),
        log=logging.getLogger(f"oms.connector.{CONNECTOR}"),
    ))
    return cast(ReadsFiles, made)


def ready_profiles(registry: Registry) -> Mapping[str, tuple[FileKind, Mapping[str, Any]]]:
    """The profiles that come with the connector: name -> (kind, profile)."""
    given = getattr(file_connector(registry), "ready_profiles", dict)
    return cast("Mapping[str, tuple[FileKind, Mapping[str, Any]]]", given())


def all_profiles(session: Session) -> Sequence[ImportProfile]:
    """The seller's own profiles, by kind and name."""
    return session.scalars(select(ImportProfile).order_by(ImportProfile.kind, ImportProfile.name)
                           ).all()


def get_profile(session: Session, profile_id: int) -> ImportProfile:
    """A profile by id.

    Raises:
        NotFound: there is none.
    """
    found = session.get(ImportProfile, profile_id)
    if found is None:
        raise NotFound("There is no such profile.")
    return found


@dataclass(frozen=True, slots=True)
class Named:
    """A profile by its name: the seller's own, with an id, or still a ready one."""

    name: str
    kind: FileKind
    spec: Mapping[str, Any]
    id: int | None = None


def look_up(session: Session, registry: Registry, name: str) -> Named:
    """A profile by name, without making it the seller's own.

    Raises:
        NotFound: neither the seller nor the connector has it.
    """
    found = session.scalar(select(ImportProfile).where(ImportProfile.name == name))
    if found is not None:
        return Named(name, cast(FileKind, found.kind), found.spec, found.id)
    ready = ready_profiles(registry)
    if name not in ready:
        raise NotFound("There is no profile %(name)s. There are: %(names)s.", name=name,
                       names=", ".join(known_names(session, registry)))
    return Named(name, *ready[name])


def by_name(work: Work, registry: Registry, name: str) -> ImportProfile:
    """A profile by name. A ready one becomes the seller's own with its first use.

    Raises:
        NotFound: neither the seller nor the connector has it.
    """
    found = look_up(work.session, registry, name)
    if found.id is not None:
        return get_profile(work.session, found.id)
    return _add(work, name, found.kind, found.spec)


def is_ready(registry: Registry, name: str, spec: Mapping[str, Any]) -> bool:
    """Whether a profile is a ready one that nobody has changed, used already or not."""
    ready = ready_profiles(registry).get(name)
    return ready is not None and dict(ready[1]) == dict(spec)


def known_names(session: Session, registry: Registry) -> list[str]:
    """All names that ``by_name`` finds, sorted."""
    own = {profile.name for profile in all_profiles(session)}
    return sorted(own | set(ready_profiles(registry)))


def save(
    work: Work, registry: Registry, profile_id: int | None, name: str, kind: str,
    spec: Mapping[str, Any],
) -> tuple[ImportProfile | None, Sequence[FileProblem]]:
    """Add or change a profile, unless the connector finds something wrong with it.

    Returns:
        The profile, or None with what is wrong, each at its field.

    Raises:
        Invalid: the name is missing or taken, or the kind is unknown.
    """
    name = tidy(name)[:80]
    if not name:
        raise Invalid("Give the profile a name.", "name")
    if kind not in KINDS:
        raise Invalid("Choose what the file holds.", "kind")
    taken = work.session.scalar(select(ImportProfile.id).where(ImportProfile.name == name))
    if taken is not None and taken != profile_id:
        raise Invalid("Another profile has this name.", "name")
    problems = reader(registry).check(spec, kind)
    if problems:
        return None, problems
    if profile_id is None:
        return _add(work, name, kind, spec), ()
    profile = get_profile(work.session, profile_id)
    changed = audit.changes({"name": profile.name, "spec": profile.spec},
                            {"name": name, "spec": dict(spec)})
    if changed:
        profile.name, profile.spec, profile.updated_at = name, dict(spec), work.now
        audit.record(work, "imports.profile", "import_profile", profile.id, changed)
    return profile, ()


def _add(work: Work, name: str, kind: str, spec: Mapping[str, Any]) -> ImportProfile:
    profile = ImportProfile(name=name, kind=kind, spec=dict(spec), created_at=work.now,
                            updated_at=work.now)
    work.session.add(profile)
    work.session.flush()
    audit.record(work, "imports.profile", "import_profile", profile.id,
                 {"name": [None, name], "spec": [None, dict(spec)]})
    return profile


def delete(work: Work, profile_id: int) -> None:
    """Remove a profile that nothing was imported with.

    Raises:
        NotAllowedNow: its imports are kept, so it is kept as well.
    """
    profile = get_profile(work.session, profile_id)
    if work.session.scalar(select(ImportRun.id).where(ImportRun.profile_id == profile_id).limit(1)):
        raise NotAllowedNow("Files were imported with this profile, so it stays.")
    audit.record(work, "imports.profile_delete", "import_profile", profile.id,
                 {"name": [profile.name, None]})
    work.session.delete(profile)


def account_of(
    work: Work, registry: Registry, profile: ImportProfile, *, history: bool = False
) -> ChannelAccount:
    """The channel account whose orders a profile reads, made with its first use.

    ``history``: orders that were shipped before they came here move the stock too.
    """
    account = _find_account(work.session, profile)
    if account is None:
        # Nobody is behind a file who could be told of our stock.
        account = accounts.connect(work, file_connector(registry), profile.name, {}, {},
                                   publish_stock=False)
    profile.account_id = account.id
    if history and not account.settings.get("history_moves_stock"):
        accounts.change(work, account.id, {"history_moves_stock": True}, {})
    return account


def channel_name(session: Session, profile: ImportProfile | Named) -> str:
    """The channel that orders read with a profile belong to, whether it is there yet or not."""
    own = get_profile(session, profile.id) if profile.id is not None else None
    account = _find_account(session, own) if own is not None else session.scalar(
        select(ChannelAccount).where(ChannelAccount.name == profile.name,
                                     ChannelAccount.connector == CONNECTOR))
    return account.name if account is not None else profile.name


def _find_account(session: Session, profile: ImportProfile) -> ChannelAccount | None:
    if profile.account_id is not None:
        return session.get(ChannelAccount, profile.account_id)
    return session.scalar(select(ChannelAccount).where(
        ChannelAccount.name == profile.name, ChannelAccount.connector == CONNECTOR
    ))
