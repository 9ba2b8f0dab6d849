"""What other packages bring, in the admin's own skin, without what scans tables."""

from typing import Any

from django.apps import apps
from django.contrib import admin
from django_celery_beat.admin import PeriodicTaskForm, TaskSelectWidget
from unfold.admin import ModelAdmin
from unfold.forms import AdminPasswordChangeForm, UserChangeForm, UserCreationForm
from unfold.widgets import UnfoldAdminSelectWidget, UnfoldAdminTextInputWidget


class TaskSelect(UnfoldAdminSelectWidget, TaskSelectWidget):  # type: ignore[misc]  # Any
    """The names of all tasks, as the package finds them."""


class TaskForm(PeriodicTaskForm):  # type: ignore[misc]  # Any
    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["regtask"].widget = TaskSelect()
        self.fields["task"].widget = UnfoldAdminTextInputWidget()


def dress(model_name: str, **changes: Any) -> None:
    """Register a model as its package does, in our skin and with ``changes``."""
    model = apps.get_model(model_name)
    theirs = type(admin.site.get_model_admin(model))
    admin.site.unregister(model)
    admin.site.register(model, type(theirs.__name__, (theirs, ModelAdmin), changes))


dress(
    "auth.User",
    form=UserChangeForm,
    add_form=UserCreationForm,
    change_password_form=AdminPasswordChangeForm,
)
dress("auth.Group")
dress(
    "django_celery_beat.PeriodicTask",
    form=TaskForm,
    change_form_template=None,  # theirs has an inline script, which the policy forbids
    date_hierarchy=None,  # it runs a Python function over every row on SQLite
    list_display=("name", "enabled", "scheduler", "last_run_at"),
    list_filter=("enabled",),
)
for name in ("Interval", "Crontab", "Solar", "Clocked"):
    dress(f"django_celery_beat.{name}Schedule", inlines=())
for name in ("AccessAttempt", "AccessFailureLog", "AccessLog"):
    dress(f"axes.{name}", date_hierarchy=None)
