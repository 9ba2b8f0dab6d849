"""A list that can be had as a file: all that its filters and its search let through."""

from collections.abc import AsyncIterator, Iterator, Sequence
from functools import partial
from typing import TYPE_CHECKING

from asgiref.sync import sync_to_async
from django.contrib.admin.options import IncorrectLookupParameters
from django.contrib.admin.views.main import ERROR_FLAG
from django.core.exceptions import PermissionDenied
from django.core.handlers.asgi import ASGIRequest
from django.http import (
    HttpRequest,
    HttpResponseBase,
    HttpResponseRedirect,
    StreamingHttpResponse,
)
from django.urls import URLPattern, path
from django.utils import timezone

from downloads import exporting
from downloads.exporting import Column

if TYPE_CHECKING:
    from django.contrib.admin import ModelAdmin
else:
    ModelAdmin = object

FORMATS = {
    "csv": (exporting.as_csv, "text/csv; charset=utf-8"),
    "json": (exporting.as_json, "application/json"),
}


class ExportMixin(ModelAdmin):  # type: ignore[type-arg]  # none at runtime
    """Adds `Export CSV` and `Export JSON` to a list; comes before its other bases."""

    export_columns: Sequence[Column]
    change_list_template = "admin/change_list_export.html"

    def get_urls(self) -> list[URLPattern]:
        info = (self.opts.app_label, self.opts.model_name)
        urls: list[URLPattern] = super().get_urls()
        return [
            path(
                f"export/{name}/",
                self.admin_site.admin_view(self.export_view),
                {"name": name},
                name="{}_{}_export_{}".format(*info, name),
            )
            for name in FORMATS
        ] + urls

    def export_view(self, request: HttpRequest, name: str) -> HttpResponseBase:
        """Send the rows that the list with this query string has, on all its pages."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        try:
            changelist = self.get_changelist_instance(request)
        except IncorrectLookupParameters:
            # As the list itself does, which then says so.
            return HttpResponseRedirect(f"../../?{ERROR_FLAG}=1")
        write, content_type = FORMATS[name]
        pages = exporting.pages(changelist.queryset, self.export_columns)
        chunks = write(self.export_columns, pages)
        filename = f"lancache-{self.opts.model_name}s-{timezone.localdate()}.{name}"
        return StreamingHttpResponse(
            _awaited(chunks) if isinstance(request, ASGIRequest) else chunks,
            content_type=content_type,
            headers={
                "Content-Disposition": f'attachment; filename="{filename}"',
                "Cache-Control": "no-store",
            },
        )


async def _awaited(chunks: Iterator[str]) -> AsyncIterator[str]:
    """Make each chunk in the request's thread; under ASGI a plain iterator would be
    read to its end before a byte is sent."""
    following = sync_to_async(partial(next, chunks, None))
    while (chunk := await following()) is not None:
        yield chunk
