"""What is asked of the operator about a datasource."""

import os
from pathlib import Path
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.forms import ModelForm
from unfold.widgets import (
    UnfoldAdminIntegerFieldWidget,
    UnfoldAdminRadioSelectWidget,
    UnfoldAdminTextareaWidget,
    UnfoldBooleanSwitchWidget,
)

from downloads.models import Datasource, Logs
from ingest import checking


class DatasourceForm(ModelForm):  # type: ignore[type-arg]  # none at runtime
    """Looks through the directory before it is saved."""

    save_anyway = forms.BooleanField(
        label="Save it all the same",
        required=False,
        widget=UnfoldBooleanSwitchWidget(),
        help_text="Even if the directory can't be read, or holds no log yet.",
    )

    class Meta:
        widgets = {"trusted_proxies": UnfoldAdminTextareaWidget(attrs={"rows": 3})}

    def clean_log_directory(self) -> str:
        text: str = self.cleaned_data["log_directory"]
        # Unlike Path's, this one leaves what it can't expand as it is.
        home = os.path.expanduser(text.strip())  # noqa: PTH111
        directory = os.path.normpath(home)
        if not directory.startswith("/"):
            raise ValidationError("Write the whole path, from / on.")
        real = os.path.realpath(directory)
        others = Datasource.objects.exclude(pk=self.instance.pk)
        for name, other in others.values_list("name", "log_directory"):
            if os.path.realpath(other) == real:
                raise ValidationError(f"The datasource {name} reads this directory.")
        return directory

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        directory = cleaned.get("log_directory")
        if directory and "log_directory" in self.changed_data:
            problem = checking.check(Path(directory)).problem
            if problem and not cleaned.get("save_anyway"):
                self.add_error("log_directory", problem)
        return cleaned


class LogsForm(forms.Form):
    """Which of the two logs."""

    logs = forms.TypedChoiceField(
        choices=Logs.choices,
        coerce=Logs,
        initial=Logs.BOTH,
        label="Which log",
        widget=UnfoldAdminRadioSelectWidget(),
    )


class DaysForm(forms.Form):
    days = forms.IntegerField(
        label="Days",
        min_value=1,
        max_value=100_000,
        required=False,
        widget=UnfoldAdminIntegerFieldWidget(),
        help_text="Leave it empty to read everything.",
    )
