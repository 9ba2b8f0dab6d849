"""What other packages bring, in the admin's own skin, without what scans tables."""

from typing import Any

from axes.admin import AccessAttemptAdmin, AccessFailureLogAdmin, AccessLogAdmin
from axes.models import AccessAttempt, AccessFailureLog, AccessLog
from django.contrib import admin
from django.contrib.auth.admin import GroupAdmin, UserAdmin
from django.contrib.auth.models import Group, User
from django_celery_beat.admin import (
    ClockedScheduleAdmin,
    CrontabScheduleAdmin,
    PeriodicTaskAdmin,
    PeriodicTaskForm,
    TaskSelectWidget,
)
from django_celery_beat.models import (
    ClockedSchedule,
    CrontabSchedule,
    IntervalSchedule,
    PeriodicTask,
    SolarSchedule,
)
from unfold.admin import ModelAdmin
from unfold.forms import AdminPasswordChangeForm, UserChangeForm, UserCreationForm
from unfold.widgets import UnfoldAdminSelectWidget, UnfoldAdminTextInputWidget

for model in (
    AccessAttempt, AccessFailureLog, AccessLog, ClockedSchedule, CrontabSchedule, Group,
    IntervalSchedule, PeriodicTask, SolarSchedule, User,
):  # fmt: skip
    if admin.site.is_registered(model):
        admin.site.unregister(model)


@admin.register(User)
class OurUserAdmin(UserAdmin, ModelAdmin):
    form = UserChangeForm
    add_form = UserCreationForm
    change_password_form = AdminPasswordChangeForm


@admin.register(Group)
class OurGroupAdmin(GroupAdmin, ModelAdmin):
    pass


class TaskSelect(UnfoldAdminSelectWidget, TaskSelectWidget):
    """The names of all tasks, as the package finds them."""


class TaskForm(PeriodicTaskForm):
    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["regtask"].widget = TaskSelect()
        self.fields["task"].widget = UnfoldAdminTextInputWidget()


@admin.register(PeriodicTask)
class OurPeriodicTaskAdmin(PeriodicTaskAdmin, ModelAdmin):
    form = TaskForm
    date_hierarchy = None
    list_display = ("name", "enabled", "scheduler", "last_run_at")
    list_filter = ("enabled",)


@admin.register(IntervalSchedule, SolarSchedule)
class OurScheduleAdmin(ModelAdmin):
    pass


@admin.register(ClockedSchedule)
class OurClockedScheduleAdmin(ClockedScheduleAdmin, ModelAdmin):
    inlines = ()


@admin.register(CrontabSchedule)
class OurCrontabScheduleAdmin(CrontabScheduleAdmin, ModelAdmin):
    inlines = ()


@admin.register(AccessAttempt)
class OurAccessAttemptAdmin(AccessAttemptAdmin, ModelAdmin):
    date_hierarchy = None


@admin.register(AccessFailureLog)
class OurAccessFailureLogAdmin(AccessFailureLogAdmin, ModelAdmin):
    date_hierarchy = None


@admin.register(AccessLog)
class OurAccessLogAdmin(AccessLogAdmin, ModelAdmin):
    date_hierarchy = None
