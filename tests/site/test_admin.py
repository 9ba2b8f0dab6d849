"""The admin as a whole: its sidebar, and what other packages bring."""

import pytest
from django.contrib import admin
from django.contrib.auth.models import Permission, User
from django_celery_beat.models import PeriodicTask
from unfold.admin import ModelAdmin

from lancache_site.unfold import NAVIGATION

pytestmark = pytest.mark.django_db
ENTRIES = [entry for group in NAVIGATION for entry in group["items"]]


def allowed(entry, request):
    return "permission" not in entry or entry["permission"](request)


def test_every_model_wears_the_same_skin():
    bare = [
        model
        for model, model_admin in admin.site._registry.items()
        if not isinstance(model_admin, ModelAdmin)
    ]
    assert bare == []


@pytest.mark.parametrize("entry", ENTRIES, ids=lambda entry: entry["title"])
def test_the_sidebar_leads_to_lists(admin_client, entry):
    assert admin_client.get(entry["link"]).status_code == 200


def test_the_sidebar_shows_what_one_may_look_at(rf):
    request = rf.get("/")
    request.user = User.objects.create_user("guest", is_staff=True)
    shown = [entry["title"] for entry in ENTRIES if allowed(entry, request)]
    assert shown == ["Overview", "Live"]
    request.user.user_permissions.add(Permission.objects.get(codename="view_job"))
    request.user = User.objects.get()
    assert "Jobs" in [entry["title"] for entry in ENTRIES if allowed(entry, request)]


def test_no_list_has_a_date_hierarchy():
    # On SQLite it runs a Python function over every row.
    assert not any(shown.date_hierarchy for shown in admin.site._registry.values())


@pytest.mark.parametrize("model", ["auth/user", "django_celery_beat/periodictask"])
def test_third_party_pages_show(admin_client, admin_user, model):
    row = 1 if "task" in model else admin_user.pk
    assert admin_client.get(f"/admin/{model}/{row}/change/").status_code == 200


def test_a_schedule_keeps_its_task_when_it_is_saved(admin_client):
    task = PeriodicTask.objects.get(name="Prune")
    name = task.task
    url = f"/admin/django_celery_beat/periodictask/{task.pk}/change/"
    form = {"name": "Prune", "task": name, "interval": task.interval_id}
    form |= {"args": "[]", "kwargs": "{}", "headers": "{}", "expire_seconds": 3600}
    assert admin_client.post(url, form).status_code == 302
    task.refresh_from_db()
    assert (task.task, task.enabled) == (name, False)
