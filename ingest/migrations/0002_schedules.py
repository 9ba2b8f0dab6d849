"""The schedules, made once: from then on they are the operator's, in the admin."""

from django.apps.registry import Apps
from django.db import migrations
from django.db.backends.base.schema import BaseDatabaseSchemaEditor

# name, task, seconds, and after how many seconds a run that nobody took is forgotten:
# a busy worker skips ticks rather than queueing them.
SCHEDULES = (
    ("Read what is new", "ingest.tasks.read_new", 1, 1),
    ("Correlate", "downloads.tasks.correlate", 5, 5),
    ("Prune", "ingest.tasks.prune", 3600, 3600),
)


def make_schedules(apps: Apps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    Interval = apps.get_model("django_celery_beat", "IntervalSchedule")
    Task = apps.get_model("django_celery_beat", "PeriodicTask")
    for name, task, seconds, expire_seconds in SCHEDULES:
        interval = Interval.objects.filter(every=seconds, period="seconds").first()
        Task.objects.get_or_create(
            name=name,
            defaults={
                "task": task,
                "interval": interval
                or Interval.objects.create(every=seconds, period="seconds"),
                "expire_seconds": expire_seconds,
            },
        )


class Migration(migrations.Migration):
    dependencies = [
        ("ingest", "0001_initial"),
        ("django_celery_beat", "0019_alter_periodictasks_options"),
    ]
    operations = [migrations.RunPython(make_schedules, migrations.RunPython.noop)]
