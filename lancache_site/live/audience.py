"""Who looks: what they may see, and in which units and time zone."""

import zoneinfo
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from django.contrib.auth.models import AnonymousUser, User
from django.utils import timezone

from downloads.quantities import PLAIN, Units, written_in
from lancache_site.models import KioskLink, Preferences

# What tells which client fetches what is for who may look at downloads.
OF_CLIENTS = frozenset({"downloads", "sockets"})


@dataclass(frozen=True)
class Audience:
    """All who are shown exactly the same; what is written for one is for all of it."""

    units: Units = PLAIN
    zone: zoneinfo.ZoneInfo | None = None
    is_kiosk: bool = False
    sees_clients: bool = True
    sees_addresses: bool = True

    @property
    def zone_name(self) -> str:
        return self.zone.key if self.zone else timezone.get_default_timezone_name()

    def hears(self, kind: str) -> bool:
        """Whether messages of this type are for it."""
        return self.sees_clients or kind not in OF_CLIENTS

    @contextmanager
    def reading(self) -> Iterator[None]:
        """Have what is written in the block be in its units and its time zone."""
        with written_in(self.units), timezone.override(self.zone):
            yield


def of_user(user: User | AnonymousUser | None) -> Audience | None:
    """Return the audience of who is signed in; None for who is not."""
    if not isinstance(user, User) or not user.is_active:
        return None
    chosen = _preferences(user)
    sees = user.has_perm("downloads.view_download")
    return Audience(chosen.units, chosen.zone, sees_clients=sees)


def of_kiosk(token: str) -> Audience | None:
    """Return the audience of a kiosk link, in the units of who made it; or None."""
    link = KioskLink.objects.open_with(token)
    if link is None:
        return None
    chosen = _preferences(link.created_by) if link.created_by else Preferences()
    return Audience(
        chosen.units, chosen.zone, is_kiosk=True, sees_addresses=link.shows_addresses
    )


def _preferences(user: User) -> Preferences:
    chosen: Preferences | None = getattr(user, "preferences", None)
    return chosen or Preferences()
