"""Who changed what in the admin: Django's own log, to be read."""

from django.contrib import admin
from django.contrib.admin.models import ADDITION, CHANGE, DELETION, LogEntry
from django.urls import NoReverseMatch
from django.utils.safestring import SafeString
from unfold.contrib.filters.admin import ChoicesDropdownFilter, RelatedDropdownFilter

from downloads.admin import cells
from downloads.admin.base import ReadOnlyAdmin

VERBS = {
    ADDITION: ("added", "success"),
    CHANGE: ("changed", "info"),
    DELETION: ("deleted", "danger"),
}


@admin.register(LogEntry)
class HistoryAdmin(ReadOnlyAdmin):
    ordering = ("-id",)  # as they came; the time has no index
    list_select_related = ("user", "content_type")
    list_display = ("when", "user", "verb", "what", "kind", "changes")
    list_display_links = None
    list_filter = (
        ("user", RelatedDropdownFilter),
        ("action_flag", ChoicesDropdownFilter),
    )
    search_fields = ("object_repr", "user__username")
    search_help_text = "What was changed, or who did it"
    fields = ("when", "user", "verb", "what", "kind", "changes")
    readonly_fields = fields

    @admin.display(description="When", ordering="id")
    def when(self, entry: LogEntry) -> SafeString:
        return cells.moment(entry.action_time, exact=True)

    @admin.display(description="Did")
    def verb(self, entry: LogEntry) -> SafeString:
        return cells.label(*VERBS.get(entry.action_flag, ("changed", "info")))

    @admin.display(description="What")
    def what(self, entry: LogEntry) -> SafeString | str:
        try:
            url = None if entry.is_deletion() else entry.get_admin_url()
        except NoReverseMatch:
            url = None  # of a model that the admin has no longer
        return cells.link(url, entry.object_repr) if url else entry.object_repr

    @admin.display(description="Kind")
    def kind(self, entry: LogEntry) -> str:
        return entry.content_type.name if entry.content_type else "no longer known"

    @admin.display(description="In words")
    def changes(self, entry: LogEntry) -> str:
        return entry.get_change_message()
