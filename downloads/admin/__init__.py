"""What an operator sees of downloads; importing it registers every model."""

from downloads.admin import (
    clients,
    downloads,
    facts,
    jobs,
    naming,
    sessions,
    title_lists,
    titles,
)

__all__ = [
    "clients",
    "downloads",
    "facts",
    "jobs",
    "naming",
    "sessions",
    "title_lists",
    "titles",
]
