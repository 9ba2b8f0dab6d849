"""Accounts: the first one, new passwords, and what a guesser gets."""

from io import StringIO

import pytest
from django.contrib.auth import get_user_model
from django.core.management import CommandError, call_command
from django.test import Client

from lancache_site.accounts import first_account, new_password

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def quick_hashes(settings):
    """Dozens of attempts: a hash that is slow by design would take half a minute."""
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]


@pytest.fixture
def password(quick_hashes: None) -> str:
    made = first_account()
    assert made is not None
    return made[1]


def sign_in(client: Client, password: str, address: str = "10.0.0.9") -> bool:
    client.post(
        "/admin/login/",
        {"username": "admin", "password": password},
        REMOTE_ADDR=address,
    )
    return "_auth_user_id" in client.session


def test_first_account_is_an_administrator(client: Client, password: str):
    assert get_user_model().objects.get().is_superuser
    assert sign_in(client, password)


def test_first_account_is_made_once(password: str):
    assert first_account() is None


def test_ten_failures_lock_out_the_right_password_too(client: Client, password: str):
    for _ in range(10):
        assert not sign_in(client, "wrong")
    assert not sign_in(client, password)


def test_nine_failures_do_not(client: Client, password: str):
    for _ in range(9):
        sign_in(client, "wrong")
    assert sign_in(client, password)


def test_a_guesser_does_not_lock_out_another_machine(client: Client, password: str):
    for _ in range(12):
        sign_in(client, "wrong", "10.0.0.66")
    assert sign_in(client, password, "10.0.0.9")


def test_new_password_replaces_the_old_and_ends_a_lockout(
    client: Client, password: str
):
    for _ in range(10):
        sign_in(client, "wrong")
    fresh = new_password("admin")
    assert fresh is not None
    assert not sign_in(client, password)
    assert sign_in(client, fresh)


def test_password_command_prints_one_that_works(client: Client, password: str):
    out = StringIO()
    call_command("password", stdout=out)
    assert sign_in(client, out.getvalue().split("Password: ")[1].strip())


def test_password_command_names_a_missing_account():
    with pytest.raises(CommandError, match="there is no account named 'bob'"):
        call_command("password", "bob")
