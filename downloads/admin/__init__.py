"""What an operator sees of downloads; importing it registers every model."""

from downloads.admin import downloads, facts, names, sessions

__all__ = ["downloads", "facts", "names", "sessions"]
