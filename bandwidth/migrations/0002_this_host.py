from django.apps.registry import Apps
from django.db import migrations
from django.db.backends.base.schema import BaseDatabaseSchemaEditor


def watch_this_host(apps: Apps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    """Without any setting, the interface with the default route is watched."""
    Source = apps.get_model("bandwidth", "BandwidthSource")
    Source.objects.get_or_create(name="this host", defaults={"kind": "host"})


def make_schedule(apps: Apps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    Interval = apps.get_model("django_celery_beat", "IntervalSchedule")
    Task = apps.get_model("django_celery_beat", "PeriodicTask")
    hourly = Interval.objects.filter(every=3600, period="seconds").first()
    Task.objects.get_or_create(
        name="Prune bandwidth",
        defaults={
            "task": "bandwidth.tasks.prune",
            "interval": hourly
            or Interval.objects.create(every=3600, period="seconds"),
            "expire_seconds": 3600,
        },
    )


class Migration(migrations.Migration):
    dependencies = [
        ("bandwidth", "0001_bandwidth"),
        ("django_celery_beat", "0019_alter_periodictasks_options"),
    ]
    operations = [
        migrations.RunPython(watch_this_host, migrations.RunPython.noop),
        migrations.RunPython(make_schedule, migrations.RunPython.noop),
    ]
