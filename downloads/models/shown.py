"""What all rows have in common: a page in the admin."""

from django.db import models
from django.urls import reverse


class Shown(models.Model):
    class Meta:
        abstract = True

    def get_absolute_url(self) -> str:
        meta = self._meta
        name = f"admin:{meta.app_label}_{meta.model_name}_change"
        return reverse(name, args=[self.pk])
