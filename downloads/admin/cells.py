"""Cells of lists and pages. What a stranger wrote is text here, whatever it holds."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from django.contrib import admin
from django.template.loader import render_to_string
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from downloads import quantities
from downloads.models import Client, NameSource

LINK = "text-primary-600 dark:text-primary-500"


def unknown(reason: str) -> SafeString:
    """Return a dash that tells why there is nothing: in lists on hovering, on the page
    of one row beside it."""
    return format_html('<span title="{}" class="unknown cursor-help">–</span>', reason)


def with_title(text: str, title: str) -> SafeString:
    return format_html(
        '<span title="{}" class="whitespace-nowrap">{}</span>', title, text
    )


def client(named: Client) -> SafeString:
    """Return what a client is called; a name that nobody gave by hand says whose."""
    title = named.address
    if named.name and named.name_source in (NameSource.LEASE, NameSource.DNS):
        title += f", named by {named.get_name_source_display()}"
        return with_title(f"{named} *", title)
    return with_title(str(named), title)


def size(count: int) -> SafeString:
    return with_title(quantities.size(count), f"{count:,} bytes")


def rate(bytes_per_second: float | None, why_not: str) -> SafeString:
    if bytes_per_second is None:
        return unknown(why_not)
    exact = quantities.exact_rate(bytes_per_second)
    return with_title(quantities.rate(bytes_per_second), exact)


def duration(seconds: float | None, why_not: str = "unknown") -> SafeString:
    if seconds is None:
        return unknown(why_not)
    return with_title(quantities.duration(seconds), f"{seconds:,} seconds")


def moment(
    when: datetime | None, why_not: str = "unknown", exact: bool = False
) -> SafeString:
    """Return a time in the zone of pages; the year only where it is another one."""
    if when is None:
        return unknown(why_not)
    local = timezone.localtime(when)
    this_year = local.year == timezone.localtime().year
    day = "j M" if this_year else "j M Y"
    text = date_format(local, f"{day} H:i:s" if exact else f"{day} H:i")
    return format_html(
        '<time datetime="{}" title="{}" class="whitespace-nowrap">{}</time>',
        when.astimezone(UTC).isoformat(),
        date_format(local, "Y-m-d H:i:s T"),
        text,
    )


def second(epoch: int | None, why_not: str = "unknown") -> SafeString:
    """Return an epoch second as the time that it is."""
    if not epoch:
        return unknown(why_not)
    return moment(datetime.fromtimestamp(epoch, UTC), exact=True)


def link(url: str, text: object) -> SafeString:
    return format_html('<a href="{}" class="{}">{}</a>', url, LINK, text)


def beginning(text: str, length: int) -> SafeString:
    """Return the first ``length`` characters of a text, and the whole on hovering."""
    shown = text if len(text) <= length else f"{text[:length]}…"
    return format_html('<span title="{}">{}</span>', text, shown)


def rendered(template: str, **context: object) -> SafeString:
    return render_to_string(template, context)


def label(text: str, kind: str) -> SafeString:
    """Return a coloured label: info, success, warning or danger."""
    return rendered("unfold/helpers/label.html", text=text, type=kind)


def two_lines(first: str, second: str) -> SafeString:
    """Return a cell with a second, fainter line. Plain strings are escaped."""
    return format_html(
        '<span class="flex flex-col text-right lg:text-left">'
        '<span>{}</span><span class="text-subtle text-xs">{}</span></span>',
        first,
        second,
    )


def joined(*parts: object) -> SafeString:
    """Return parts in one line, a space between. Plain strings are escaped."""
    return format_html_join(" ", "{}", ((part,) for part in parts))


def bar(part: int, whole: int, title: str) -> SafeString:
    """Return a part of a whole as a bar, and in percent."""
    return format_html(
        '<span title="{}" class="gap-2 inline-flex items-center whitespace-nowrap">'
        '<span class="bg-base-200 block h-1.5 rounded-default w-16 dark:bg-base-700">'
        '<span class="bg-primary-600 block h-1.5 rounded-default dark:bg-primary-500"'
        ' style="width: {}%"></span></span>{}</span>',
        title,
        100 * part // whole,
        quantities.share(part, whole),
    )


def counted(field: str) -> Callable[[Any], str]:
    """Return a column of a whole number as people read it: `1,234,567`."""

    @admin.display(description=field.replace("_", " ").capitalize(), ordering=field)
    def shown(row: Any) -> str:
        return f"{getattr(row, field):,}"

    shown.__name__ = field
    return shown
