from django.apps.registry import Apps
from django.db import migrations
from django.db.backends.base.schema import BaseDatabaseSchemaEditor


def make_schedule(apps: Apps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    Interval = apps.get_model("django_celery_beat", "IntervalSchedule")
    Task = apps.get_model("django_celery_beat", "PeriodicTask")
    interval = Interval.objects.filter(every=1, period="seconds").first()
    Task.objects.get_or_create(
        name="Do what was asked for",
        defaults={
            "task": "downloads.tasks.run_jobs",
            "interval": interval or Interval.objects.create(every=1, period="seconds"),
            "expire_seconds": 1,
        },
    )


class Migration(migrations.Migration):
    dependencies = [
        ("downloads", "0003_job"),
        ("django_celery_beat", "0019_alter_periodictasks_options"),
    ]
    operations = [migrations.RunPython(make_schedule, migrations.RunPython.noop)]
