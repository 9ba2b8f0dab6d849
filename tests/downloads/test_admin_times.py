from datetime import UTC, datetime

import pytest

from downloads import periods, timeline
from downloads.models import TrafficQuarter
from tests import rows

pytestmark = pytest.mark.django_db
DOWNLOADS = "/admin/downloads/download/"


def moment(text):
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def choices(response):
    dates = response.context["cl"].hierarchy()
    return [choice["title"] for choice in dates["choices"]], dates["back"]


def test_dates_lead_from_years_to_hours(admin_client):
    for text in ("2024-03-01T10:00", "2026-11-03T14:30", "2026-11-05T09:00"):
        rows.download(started_at=moment(text), ended_at=moment(text))
    response = admin_client.get(DOWNLOADS)
    assert choices(response) == (["2024", "2025", "2026"], None)
    steps = []
    for _ in range(3):
        last = response.context["cl"].hierarchy()["choices"][-1]
        response = admin_client.get(DOWNLOADS + last["link"])
        steps.append(choices(response)[0])
    assert steps[0][-1] == "November 2026"
    assert steps[1][-1] == "5 November"
    assert steps[2] == [f"{hour:02}:00" for hour in range(10)]


def test_dates_keep_the_other_filters_and_lead_back(admin_client):
    rows.download()
    query = {"service": "steam", "since": "2026-11-24T00:00", "until": "2026-11-25"}
    response = admin_client.get(DOWNLOADS, query)
    titles, back = choices(response)
    assert titles == ["12:00"]
    assert back["title"] == "November 2026"
    hour = response.context["cl"].hierarchy()["choices"][0]["link"]
    assert "service=steam" in hour
    assert len(admin_client.get(DOWNLOADS + hour).context["cl"].result_list) == 1


def test_a_list_without_rows_has_no_dates(admin_client):
    assert admin_client.get(DOWNLOADS).context["cl"].hierarchy() is None


def test_sums_are_found_by_date_too(admin_client):
    for day in (3, 4):
        at = int(datetime(2026, 11, day, 12, tzinfo=UTC).timestamp())
        TrafficQuarter.objects.create(
            datasource=rows.datasource(), client=rows.client(), service="steam", at=at,
            hit_bytes=1, miss_bytes=0, other_bytes=0, requests=1, failed_requests=0,
        )  # fmt: skip
    url = "/admin/downloads/trafficquarter/"
    assert choices(admin_client.get(url))[0] == ["3 November", "4 November"]
    query = {"since": "2026-11-04T00:00"}
    assert len(admin_client.get(url, query).context["cl"].result_list) == 1


def test_a_clock_that_was_wrong_lists_no_thousand_years():
    first, last = datetime(1970, 1, 1), datetime(9000, 1, 1)
    assert len(periods.parts("year", first, last)) == 21


def test_a_year_ends_where_the_next_begins():
    months = periods.parts("month", datetime(2026, 1, 31), datetime(2026, 12, 31))
    assert [month.end.month for month in months] == [*range(2, 13), 1]


def test_a_timeline_has_about_300_points_at_most():
    assert timeline.step_for(3000) == 10
    assert timeline.step_for(3001) == 20
    assert timeline.step_for(14 * 86400) == 7200
    assert timeline.step_for(10 * 365 * 86400) == 86400
