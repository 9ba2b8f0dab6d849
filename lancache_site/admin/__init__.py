"""What belongs to the site as a whole; importing it registers every model."""

from lancache_site.admin import (
    bandwidth,
    connections,
    history,
    kiosk,
    others,
    schedules,
)

__all__ = ["bandwidth", "connections", "history", "kiosk", "others", "schedules"]
