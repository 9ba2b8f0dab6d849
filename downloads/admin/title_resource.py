"""Names of titles as a table to be imported: service, raw, name."""

from typing import Any

from django.core.exceptions import ValidationError
from import_export.resources import ModelResource

from downloads import naming, services
from downloads.models import Title

MOST_ROWS = 20_000  # an import is shown before it is done, whole


class TitleResource(ModelResource):  # type: ignore[misc]  # Any
    """What a person says in a file is named by hand: no list takes it back."""

    class Meta:
        model = Title
        fields = ("service", "raw", "name")
        import_id_fields = ("service", "raw")
        skip_unchanged = True
        report_skipped = True
        clean_model_instances = True

    def before_import(self, dataset: Any, **kwargs: Any) -> None:
        if len(dataset) > MOST_ROWS:
            raise ValidationError(
                f"{len(dataset):,} rows are more than {MOST_ROWS:,}: lists of depots"
                " are imported by Import names"
            )

    def before_import_row(self, row: Any, **kwargs: Any) -> None:
        if row.get("service") not in services.known():
            raise ValidationError(f"{row.get('service')!r} is no known service")

    def do_instance_save(self, instance: Title, is_create: bool) -> None:
        if is_create:
            instance.save()
        naming.name_by_hand(instance)
