"""What was asked for: how far it is, and what came of it."""

from django.contrib import admin, messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404, render
from django.urls import URLPattern, path
from django.utils.safestring import SafeString
from unfold.contrib.filters.admin import ChoicesDropdownFilter
from unfold.decorators import action

from downloads import jobs
from downloads.admin import cells
from downloads.admin.base import ReadOnlyAdmin
from downloads.models import Job

COLOURS = {"running": "info", "done": "success", "failed": "danger"}


@admin.register(Job)
class JobAdmin(ReadOnlyAdmin):
    """A page that shows a job asks for its bar every second until it has ended."""

    ordering = ("-id",)
    list_select_related = ("asked_by",)
    list_display = ("what", "condition", "progress", "asked", "asked_by", "result")
    list_filter = (("kind", ChoicesDropdownFilter), ("state", ChoicesDropdownFilter))
    fields = (
        ("kind", "target"), "bar", ("asked", "asked_by"), ("started", "ended"), "result"
    )  # fmt: skip
    readonly_fields = ("bar", "asked", "started", "ended", "result")
    actions_detail = ("stop_job",)

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view(self.bar_view)
        urls: list[URLPattern] = super().get_urls()
        return [path("<int:pk>/bar/", view, name="downloads_job_bar"), *urls]

    def bar_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        """The bar alone; 286 tells htmx to ask no more."""
        job = get_object_or_404(Job, pk=pk)
        if not self.has_view_permission(request, job):
            return HttpResponse(status=403)
        status = 200 if job.is_open else 286
        return render(request, "admin/job_bar.html", {"job": job}, status=status)

    @action(description="Stop it", permissions=["stop"])  # type: ignore[untyped-decorator]
    def stop_job(self, request: HttpRequest, object_id: int) -> HttpResponse:
        job = get_object_or_404(Job, pk=object_id)
        if request.method != "POST":
            return render(
                request,
                "admin/confirm.html",
                {
                    **self.admin_site.each_context(request),
                    "title": f"Stop: {job}?",
                    "consequences": ["What it has done so far stays done."],
                    "back": job.get_absolute_url(),
                    "verb": "Stop it",
                    "opts": self.opts,
                },
            )
        if jobs.stop(job):
            self.message_user(request, f"Stopped: {job}.")
        else:
            self.message_user(request, "It had ended already.", messages.WARNING)
        return HttpResponseRedirect(job.get_absolute_url())

    def has_stop_permission(
        self, request: HttpRequest, object_id: int | str | None = None
    ) -> bool:
        return request.user.has_perm("downloads.change_job")

    @admin.display(description="What")
    def what(self, job: Job) -> SafeString:
        return cells.two_lines(job.get_kind_display(), job.target)

    @admin.display(description="State", ordering="state")
    def condition(self, job: Job) -> SafeString:
        return cells.label(job.get_state_display(), COLOURS.get(job.state, "warning"))

    @admin.display(description="Done")
    def progress(self, job: Job) -> str:
        if job.percent is None:
            return f"{job.done:,}" if job.done else ""
        return f"{job.percent} %"

    @admin.display(description="How far")
    def bar(self, job: Job) -> SafeString:
        return cells.rendered("admin/job_bar.html", job=job)

    @admin.display(description="Asked for", ordering="id")
    def asked(self, job: Job) -> SafeString:
        return cells.moment(job.asked_at, exact=True)

    @admin.display(description="Started")
    def started(self, job: Job) -> SafeString:
        return cells.moment(job.started_at, "not yet", exact=True)

    @admin.display(description="Ended")
    def ended(self, job: Job) -> SafeString:
        return cells.moment(job.ended_at, "not yet", exact=True)

    @admin.display(description="What came of it")
    def result(self, job: Job) -> str:
        return job.outcome
