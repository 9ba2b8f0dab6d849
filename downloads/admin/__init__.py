"""What an operator sees of downloads; importing it registers every model."""

from downloads.admin import downloads, facts, jobs, names, sessions, title_lists, titles

__all__ = ["downloads", "facts", "jobs", "names", "sessions", "title_lists", "titles"]
