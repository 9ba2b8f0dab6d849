"""What belongs to the site as a whole; importing it registers every model."""

from lancache_site.admin import history, kiosk, others, schedules

__all__ = ["history", "kiosk", "others", "schedules"]
