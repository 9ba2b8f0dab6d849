"""What other packages bring, in the admin's own skin, without what scans tables."""

from typing import Any

from django.apps import apps
from django.contrib import admin
from unfold.admin import ModelAdmin
from unfold.forms import AdminPasswordChangeForm, UserChangeForm, UserCreationForm


def dress(model_name: str, *own: type, **changes: Any) -> None:
    """Register a model as its package does, in our skin and with ``changes``.

    ``own``: classes of ours whose methods come before the package's.
    """
    model = apps.get_model(model_name)
    theirs = type(admin.site.get_model_admin(model))
    bases = (*own, theirs, ModelAdmin)
    admin.site.unregister(model)
    admin.site.register(model, type(theirs.__name__, bases, changes))


dress(
    "auth.User",
    form=UserChangeForm,
    add_form=UserCreationForm,
    change_password_form=AdminPasswordChangeForm,
)
dress("auth.Group")
for name in ("Interval", "Crontab", "Solar", "Clocked"):
    dress(f"django_celery_beat.{name}Schedule", inlines=())
for name in ("AccessAttempt", "AccessFailureLog", "AccessLog"):
    dress(f"axes.{name}", date_hierarchy=None)
