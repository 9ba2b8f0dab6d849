"""Names of clients: from lists, leases and DNS, and never over one given by hand."""

import socket
import threading
import time

import pytest

from downloads import jobs, tasks
from downloads.clients import importing, leases, lists, names, reverse_dns
from downloads.models import Client, ClientNaming, Job, NameSource
from tests import rows

pytestmark = pytest.mark.django_db
LEASES = """\
duid 00:01:00:01:2a:1c
1795600000 aa:bb:cc:dd:ee:01 10.0.0.11 mia-pc 01:aa:bb:cc:dd:ee:01
0 aa:bb:cc:dd:ee:02 10.0.0.12 * *
1795600000 14 fd00::11 mia-phone 00:01:00:01
half a line
"""


def import_list(text: str) -> list[Client]:
    return importing.carry_out(lists.read(text.encode()).rows)


def named() -> dict[str, tuple[str, str]]:
    clients = Client.objects.values_list("address", "name", "name_source")
    return {address: (name, source) for address, name, source in clients}


def look_up() -> Job:
    return jobs.finish(jobs.ask(Job.Kind.NAME_CLIENTS))


@pytest.mark.parametrize(
    "text",
    [
        "10.0.0.11,Mia PC,Mia\n",
        "10.0.0.11;Mia PC;Mia\r\n",
        "\ufeffaddress\tname\tperson\n10.0.0.11\tMia PC\tMia\n",
        "person|ip|hostname|floor\nMia|10.0.0.11|Mia PC|2\n",
        '\n"10.0.0.11","Mia PC","Mia"\n',
        '[{"address": "10.0.0.11", "name": "Mia PC", "person": "Mia"}]',
        "address,name,name_source,person,hidden\n10.0.0.11,Mia PC,csv,Mia,false\n",
    ],
)
def test_a_list_may_look_as_it_likes(text):
    found = lists.read(text.encode())
    assert (found.rows, found.bad) == ([("10.0.0.11", "Mia PC", "Mia")], [])


def test_a_list_of_a_spreadsheet_on_windows_is_read():
    for encoding in ("utf-16", "cp1252"):
        found = lists.read("10.0.0.11;Jörg\n".encode(encoding))
        assert found.rows == [("10.0.0.11", "Jörg", "")]


def test_bad_rows_are_told_and_the_rest_goes_in():
    text = (
        "10.0.0.11,Mia\nprinter,Epson\n10.0.0.12,\n10.0.0.11,Ben\n::ffff:10.0.0.9,Zoe"
    )
    found = lists.read(text.encode())
    assert [row.address for row in found.rows] == ["10.0.0.11", "10.0.0.9"]
    assert [(bad.row, bad.reason) for bad in found.bad] == [
        (2, "no address: printer"),
        (3, "no name"),
        (4, "its address stands in row 1, which counts"),
    ]


@pytest.mark.parametrize("content", [b"", b"  \n", b'{"a": 1}', b"[", b"[" * 100_000])
def test_what_is_no_list_is_refused_with_a_reason(content):
    with pytest.raises(lists.NotAList):
        lists.read(content)


def test_garbage_is_only_bad_rows():
    found = lists.read(bytes(range(256)) * 50)
    assert not found.rows
    assert found.bad


def test_a_name_is_one_line_of_plain_text():
    assert names.cleaned("a\x00b\n\u202ec\u2028 d") == "a b c d"
    assert names.cleaned("<script>") == "<script>"
    assert len(names.cleaned("x" * 5000)) == 200


def test_importing_twice_changes_nothing():
    rows.client("10.0.0.11")
    assert len(import_list("10.0.0.11,Mia\n10.0.0.12,Ben,Ben")) == 2
    assert named()["10.0.0.12"] == ("Ben", NameSource.CSV)
    assert import_list("10.0.0.11,Mia\n10.0.0.12,Ben,Ben") == []
    plan = importing.planned(lists.read(b"10.0.0.11,Mia\n10.0.0.12,Ben,Ben").rows)
    assert (plan.new, plan.changed, plan.unchanged) == ([], [], 2)


def test_what_a_list_leaves_empty_stays():
    rows.client("10.0.0.11", name="Mia", name_source=NameSource.HAND)
    import_list("address,name,person\n10.0.0.11,,Family")
    client = Client.objects.get()
    assert (client.name, client.person, client.name_source) == ("Mia", "Family", "hand")


def test_a_preview_tells_which_names_given_by_hand_go():
    rows.client("10.0.0.11", name="Mia", name_source=NameSource.HAND)
    plan = importing.planned(lists.read(b"10.0.0.11,Ben").rows)
    assert [(old, row.name) for old, row in plan.hand_given] == [("Mia", "Ben")]


def test_fifty_thousand_names_are_imported_in_seconds():
    text = "".join(f"10.{n >> 8}.{n & 255}.1,pc-{n}\n" for n in range(50_000))
    began = time.monotonic()
    found = lists.read(text.encode())
    importing.planned(found.rows)
    assert len(importing.carry_out(found.rows)) == 50_000
    assert time.monotonic() - began < 20


def test_leases_have_names_by_address():
    assert leases.parse(LEASES) == {"10.0.0.11": "mia-pc", "fd00::11": "mia-phone"}


def test_a_lease_names_who_has_no_name_given_by_people(tmp_path):
    (tmp_path / "leases").write_text(LEASES)
    ClientNaming(pk=1, lease_file=str(tmp_path / "leases")).save()
    rows.client("10.0.0.11", name="old", name_source=NameSource.DNS)
    rows.client("fd00::11", name="Mia's", name_source=NameSource.HAND)
    job = look_up()
    assert job.outcome == "Leases: 2 with a name, 1 new or changed."
    assert named() == {"10.0.0.11": ("mia-pc", "lease"), "fd00::11": ("Mia's", "hand")}
    assert look_up().outcome == "Leases: 2 with a name, 0 new or changed."


def test_a_lease_file_that_is_not_there_is_told(tmp_path):
    ClientNaming(pk=1, lease_file=str(tmp_path / "none")).save()
    job = look_up()
    assert job.state == Job.State.FAILED
    assert job.outcome == f"Lease file: there is no file {tmp_path / 'none'}."
    for path in (str(tmp_path), "/dev/zero", "a\x00b"):
        with pytest.raises(leases.Unreadable):
            leases.read(path)


def test_nothing_is_looked_up_until_it_is_turned_on():
    rows.client()
    tasks.name_clients()
    assert not Job.objects.exists()
    assert look_up().state == Job.State.FAILED
    ClientNaming.objects.update(reverse_dns=True)
    tasks.name_clients()
    assert Job.objects.filter(state="queued").count() == 1


@pytest.fixture
def resolver(monkeypatch):
    """A resolver that knows what a test tells it."""
    known: dict[str, str] = {}
    asked: list[str] = []

    def getnameinfo(address: tuple[str, int], flags: int) -> tuple[str, str]:
        asked.append(address[0])
        if address[0] not in known:
            raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")
        return known[address[0]], "0"

    monkeypatch.setattr(socket, "getnameinfo", getnameinfo)
    ClientNaming(pk=1, reverse_dns=True).save()
    return known, asked


def test_dns_names_private_addresses_only_unless_asked(resolver):
    known, asked = resolver
    known |= {"10.0.0.11": "mia.lan.", "8.8.8.8": "dns.google"}
    for address in ("10.0.0.11", "8.8.8.8", "unix:", "10.0.0.12"):
        rows.client(address)
    job = look_up()
    assert job.outcome == "DNS: 1 names new or changed."
    assert named()["10.0.0.11"] == ("mia.lan", "dns")
    assert sorted(asked) == ["10.0.0.11", "10.0.0.12"]
    ClientNaming.objects.update(public_addresses=True)
    look_up()
    assert named()["8.8.8.8"] == ("dns.google", "dns")


def test_a_hostile_dns_name_is_text_of_one_line(resolver):
    resolver[0]["10.0.0.11"] = "=cmd()\r\n<script>" + "x" * 900
    rows.client("10.0.0.11")
    look_up()
    name = Client.objects.get().name
    assert name.startswith("=cmd() <script>xxx")
    assert len(name) == 200


def test_dns_touches_no_name_that_people_gave_or_a_lease(resolver):
    for n, source in enumerate(("hand", "csv", "lease"), start=1):
        rows.client(f"10.0.0.{n}", name="kept", name_source=source)
        resolver[0][f"10.0.0.{n}"] = "other"
    look_up()
    assert {name for name, _ in named().values()} == {"kept"}


def test_a_thousand_clients_are_looked_up_in_steps(resolver):
    for n in range(1000):
        resolver[0][f"10.0.{n >> 8}.{n & 255}"] = f"pc-{n}"
    Client.objects.bulk_create(Client(address=address) for address in resolver[0])
    job = look_up()
    assert (job.done, job.total) == (1000, 1000)
    assert Client.objects.filter(name_source="dns").count() == 1000


def test_a_dead_resolver_holds_nobody_and_is_told(monkeypatch):
    answered = threading.Event()

    def getnameinfo(*_: object) -> tuple[str, str]:
        answered.wait(30)
        return "too-late.lan", "0"

    monkeypatch.setattr(socket, "getnameinfo", getnameinfo)
    ClientNaming(pk=1, reverse_dns=True).save()
    Client.objects.bulk_create(Client(address=f"10.0.0.{n}") for n in range(200))
    began = time.monotonic()
    try:
        job = look_up()
        # While its threads still wait, another look-up starts no more of them.
        assert reverse_dns.look_up(["10.0.0.1"], time.monotonic()) == {}
        waiting = [t for t in threading.enumerate() if "_ask" in t.name]
        assert len(waiting) == reverse_dns.AT_ONCE
    finally:
        answered.set()
    assert time.monotonic() - began < 3
    assert (job.state, "did not answer in time" in job.outcome) == ("failed", True)
    assert not Client.objects.exclude(name="").exists()
    for thread in waiting:
        thread.join(5)


def test_a_resolver_out_of_order_is_no_answer(monkeypatch):
    def again(*_: object) -> None:
        raise socket.gaierror(socket.EAI_AGAIN, "Temporary failure")

    monkeypatch.setattr(socket, "getnameinfo", again)
    ClientNaming(pk=1, reverse_dns=True).save()
    rows.client("10.0.0.11")
    assert "did not answer" in look_up().outcome
