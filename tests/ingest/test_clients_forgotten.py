"""Forgetting and pseudonymising clients, while their lines go on coming."""

import time
from pathlib import Path

import pytest
from django.contrib.admin.models import CHANGE, LogEntry
from django.db import connection
from django.test.utils import CaptureQueriesContext

from bandwidth import clients as bandwidth_clients
from bandwidth import storing
from bandwidth.clients import Called
from bandwidth.connections import Served
from bandwidth.models import BandwidthSource, ClientSample
from bandwidth.rollup import ClientRow
from downloads import grouping, jobs, linking
from downloads import tasks as downloads_tasks
from downloads.clients import forgetting, importing, lists, pseudonyms
from downloads.models import (
    Burst,
    Client,
    Counter,
    Datasource,
    Download,
    DownloadAlias,
    Job,
    StreamSession,
    TrafficBucket,
    TrafficQuarter,
)
from ingest import tasks, traces
from ingest.models import RejectedLine
from tests.ingest.logs import NOON, append, datasource, read, request, session

pytestmark = pytest.mark.django_db
assert downloads_tasks, tasks  # who runs jobs has loaded both
DATA = (Burst, Download, StreamSession, TrafficBucket, TrafficQuarter)


@pytest.fixture
def logs(tmp_path: Path) -> Path:
    directory = tmp_path / "logs"
    directory.mkdir()
    return directory


@pytest.fixture
def hall(logs: Path) -> Datasource:
    """A cache of which 10.0.0.7 and 10.0.0.70 have fetched something."""
    write(logs, "10.0.0.7", NOON)
    write(logs, "10.0.0.70", NOON)
    append(logs / "access.log", b"no format fits 10.0.0.7\n")
    append(logs / "access.log", b"no format fits 10.0.0.70:443\n")
    source = datasource(logs)
    read(source)
    linking.correlate()
    return source


def connect(*addresses: str) -> None:
    """Store ten seconds of connections of these."""
    source, _ = BandwidthSource.objects.get_or_create(name="cache", kind="sockets")
    storing.store(
        [ClientRow(source.pk, one, NOON, served=Served(bytes=9)) for one in addresses]
    )


def connected() -> list[str]:
    return sorted(ClientSample.objects.values_list("client", flat=True))


def write(logs: Path, client: str, at: int) -> None:
    lines = [request(at + i, client=client, chunk=i) for i in range(30)]
    append(logs / "access.log", *lines)
    append(logs / "stream-access.log", session(at + 20, client=client))


def ask(kind: Job.Kind, *addresses: str) -> Job:
    ids = Client.objects.filter(address__in=addresses).values_list("pk", flat=True)
    return jobs.ask(kind, clients=list(ids))


def forget(*addresses: str) -> Job:
    return jobs.finish(ask(Job.Kind.FORGET_CLIENT, *addresses))


def pseudonymise(*addresses: str) -> Job:
    return jobs.finish(ask(Job.Kind.PSEUDONYMISE_CLIENT, *addresses))


def rows_of(address: str) -> list[int]:
    return [model.objects.filter(client__address=address).count() for model in DATA]


def everything_stored() -> str:
    """All text in the database, but for that of logs' names."""
    with connection.cursor() as cursor:
        tables = connection.introspection.table_names(cursor)
        found = []
        for table in tables:
            cursor.execute(f'SELECT * FROM "{table}"')
            found += [str(row) for row in cursor.fetchall()]
    return "\n".join(found)


def test_a_forgotten_client_is_gone_with_all_its_data_and_no_other(hall):
    counted = list(Counter.objects.values_list("name", "kind", "value"))
    other = rows_of("10.0.0.70")
    download = Download.objects.filter(client__address="10.0.0.7").get()
    DownloadAlias.objects.create(id=777, download=download)
    assert 0 not in rows_of("10.0.0.7")
    job = forget("10.0.0.7")
    assert job.outcome.startswith("1 clients and ")
    assert rows_of("10.0.0.7") == [0, 0, 0, 0, 0]
    assert rows_of("10.0.0.70") == other
    assert list(Counter.objects.values_list("name", "kind", "value")) == counted
    assert not DownloadAlias.objects.exists()


def test_nothing_stored_tells_a_forgotten_address_or_name(hall, admin_user):
    client = Client.objects.get(address="10.0.0.7")
    Client.objects.filter(pk=client.pk).update(name="Mia's")
    LogEntry.objects.log_actions(admin_user.pk, [client], CHANGE, single_object=True)
    for kind in (Job.Kind.PSEUDONYMISE_CLIENT, Job.Kind.FORGET_CLIENT):
        jobs.finish(jobs.ask(kind, "1 client", clients=[client.pk]))
        told = everything_stored().replace("10.0.0.70", "")
        assert "10.0.0.7" not in told
        assert "Mia" not in told
    assert [line.text for line in RejectedLine.objects.all()] == [
        "no format fits 10.0.0.70:443"
    ]


def test_what_is_read_later_makes_a_forgotten_client_anew(hall, logs):
    forget("10.0.0.7")
    write(logs, "10.0.0.7", NOON + 1000)
    read(hall)
    assert TrafficQuarter.objects.filter(client__address="10.0.0.7").count() == 1


def test_forgetting_goes_on_after_a_kill_and_takes_what_came_meanwhile(
    hall, logs, monkeypatch
):
    monkeypatch.setattr(forgetting, "CHUNK", 1)
    job = ask(Job.Kind.FORGET_CLIENT, "10.0.0.7")
    assert not forgetting.step(job, time.monotonic())  # its progress is lost
    write(logs, "10.0.0.7", NOON + 1000)
    read(hall)
    jobs.finish(job)
    assert not Client.objects.filter(address="10.0.0.7").exists()
    grouping.group()
    assert Download.objects.count() == 1


def test_forgetting_twice_or_nothing_does_no_harm(hall):
    ids = list(Client.objects.values_list("pk", flat=True))
    for clients in (ids, ids, []):
        job = jobs.finish(jobs.ask(Job.Kind.FORGET_CLIENT, clients=clients))
        assert job.state == Job.State.DONE
    assert not Client.objects.exists()


def test_a_thousand_clients_are_forgotten_in_steps(hall):
    Client.objects.bulk_create(Client(address=f"10.9.{n}.1") for n in range(1000))
    ids = list(Client.objects.values_list("pk", flat=True))
    job = jobs.finish(jobs.ask(Job.Kind.FORGET_CLIENT, clients=ids))
    assert (job.done, Client.objects.count()) == (1002, 0)


def test_forgetting_looks_through_no_table(hall):
    client = Client.objects.get(address="10.0.0.7")
    job = jobs.ask(Job.Kind.FORGET_CLIENT, clients=[client.pk])
    with CaptureQueriesContext(connection) as captured:
        forgetting.step(job, time.monotonic() + 5)
    for query in captured:
        sql = query["sql"]
        if sql.startswith(("SELECT", "DELETE")) and "downloads_" in sql:
            with connection.cursor() as cursor:
                cursor.execute(f"EXPLAIN QUERY PLAN {sql}")
                plan = " ".join(str(row[3]) for row in cursor.fetchall())
            assert "SCAN" not in plan or "downloads_datasource" in plan, (sql, plan)


def test_a_pseudonym_keeps_the_data_and_joins_what_comes_later(hall, logs):
    before = rows_of("10.0.0.7")
    job = pseudonymise("10.0.0.7")
    assert job.outcome == "1 clients have a pseudonym."
    token = Client.objects.exclude(address_hash="").get().address
    assert token.startswith("client-")
    assert rows_of(token) == before
    write(logs, "10.0.0.7", NOON + 60)
    write(logs, "10.0.0.8", NOON + 60)
    read(hall)
    known = sorted(Client.objects.values_list("address", flat=True))
    assert known == ["10.0.0.70", "10.0.0.8", token]
    assert StreamSession.objects.filter(client__address=token).count() == 2
    assert Download.objects.filter(client__address=token).count() == 1


def test_a_pseudonym_is_given_once_and_stays(hall):
    pseudonymise("10.0.0.7")
    client = Client.objects.exclude(address_hash="").get()
    jobs.finish(jobs.ask(Job.Kind.PSEUDONYMISE_CLIENT, clients=[client.pk]))
    assert Client.objects.exclude(address_hash="").get() == client
    assert client.address == Client.objects.get(pk=client.pk).address


def test_a_list_of_names_does_not_unmask_a_pseudonym(hall):
    pseudonymise("10.0.0.7")
    found = lists.read(b"10.0.0.7,Mia\n10.0.0.70,Ben\n")
    assert importing.planned(found.rows).pseudonymous == 1
    assert len(importing.carry_out(found.rows)) == 1
    assert not Client.objects.filter(address="10.0.0.7").exists()


def test_no_two_of_many_pseudonyms_are_the_same():
    Client.objects.bulk_create(Client(address=f"10.9.{n}.1") for n in range(1500))
    ids = list(Client.objects.values_list("pk", flat=True))
    jobs.finish(jobs.ask(Job.Kind.PSEUDONYMISE_CLIENT, clients=ids))
    assert len(set(Client.objects.values_list("address", flat=True))) == 1500


def test_new_addresses_cost_one_small_query_while_there_is_no_pseudonym(hall, logs):
    write(logs, "10.0.0.9", NOON + 100)
    with CaptureQueriesContext(connection) as captured:
        read(hall)
    asked = [query["sql"] for query in captured if "address_hash" in query["sql"]]
    assert len([sql for sql in asked if sql.startswith("SELECT 1")]) == 1
    assert not [sql for sql in asked if "address_hash IN" in sql]
    assert not pseudonyms.exist()


@pytest.mark.parametrize(
    "text",
    [
        "10.0.0.7 - [x]", "[steam] 10.0.0.7:443", "10.0.0.99, 10.0.0.7",
        "[[fd00::7]] x", '"::ffff:10.0.0.7"', "FD00::0007",
    ],
)  # fmt: skip
def test_an_address_is_found_in_a_line(text):
    found = set(traces.addresses_in(text))
    assert found & {"10.0.0.7", "fd00::7"}


@pytest.mark.parametrize("text", ["10.0.0.77", "110.0.0.7", "12:10:00", "", ":::::::"])
def test_no_other_address_is_taken_for_it(text):
    assert not set(traces.addresses_in(text)) & {"10.0.0.7", "fd00::7"}


def test_the_connections_of_a_forgotten_client_go_with_it(hall):
    connect("10.0.0.7", "10.0.0.70")
    forget("10.0.0.7")
    assert connected() == ["10.0.0.70"]


def test_the_connections_of_a_client_get_its_pseudonym_and_later_ones_too(hall):
    connect("10.0.0.7", "10.0.0.70")
    pseudonymise("10.0.0.7")
    token = Client.objects.exclude(address_hash="").get().address
    assert connected() == ["10.0.0.70", token]
    connect("10.0.0.7", "10.0.0.70")
    assert connected() == ["10.0.0.70", token]
    sums = ClientSample.objects.values_list("bytes", flat=True)
    assert list(sums) == [18, 18]
    forget(token)
    assert connected() == ["10.0.0.70"]


def test_messages_call_clients_by_pseudonyms_and_know_who_is_hidden(hall):
    pseudonymise("10.0.0.7")
    token = Client.objects.exclude(address_hash="").get().address
    Client.objects.filter(address="10.0.0.70").update(hidden=True)
    assert bandwidth_clients.called(["10.0.0.7", "10.0.0.70", "10.0.0.99"]) == {
        "10.0.0.7": Called(token),
        "10.0.0.70": Called("10.0.0.70", is_hidden=True),
        "10.0.0.99": Called("10.0.0.99"),
    }
    Client.objects.update(hidden=True)
    assert bandwidth_clients.called(["10.0.0.7"])["10.0.0.7"].is_hidden
