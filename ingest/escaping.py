"""Lines as text that no terminal and no page can trip over, and back. Pure."""


def printable(text: str) -> str:
    return text.encode("unicode_escape").decode("ascii")


def original(text: str) -> str:
    """Return what ``printable`` was given."""
    try:
        return text.encode("ascii").decode("unicode_escape")
    except ValueError:  # not of its making
        return text
