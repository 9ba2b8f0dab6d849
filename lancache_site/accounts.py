"""Accounts: how they are read, the first one, and new passwords."""

import secrets

from axes.utils import reset
from django.contrib.auth import get_user_model
from django.contrib.auth.backends import ModelBackend
from django.contrib.auth.models import AbstractUser, User
from django.core.exceptions import ObjectDoesNotExist

FIRST_NAME = "admin"
# No letters that one reads as another: it is copied from a console by eye.
LETTERS = "abcdefghijkmnpqrstuvwxyz23456789"


class Backend(ModelBackend):
    """Accounts, each read together with its preferences: every page needs both."""

    def get_user(self, user_id: int) -> User | None:
        users = User.objects.select_related("preferences")
        user = users.filter(pk=user_id).first()
        return user if user and self.user_can_authenticate(user) else None


def make_password() -> str:
    """Return 80 bits that a person can type."""
    groups = ("".join(secrets.choice(LETTERS) for _ in range(4)) for _ in range(4))
    return "-".join(groups)


def first_account() -> tuple[str, str] | None:
    """Make an administrator where there is no account at all; return name, password."""
    users = get_user_model().objects
    if users.exists():
        return None
    password = make_password()
    users.create_superuser(FIRST_NAME, email="", password=password)
    return FIRST_NAME, password


def new_password(name: str) -> str | None:
    """Give ``name`` a new password and return it; None if there is no such account."""
    try:
        user: AbstractUser = get_user_model().objects.get_by_natural_key(name)
    except ObjectDoesNotExist:
        return None
    password = make_password()
    user.set_password(password)
    user.save(update_fields=["password"])
    reset(username=name)  # who asks for this has often just been locked out
    return password
