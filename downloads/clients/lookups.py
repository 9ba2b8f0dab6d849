"""The job that looks up clients' names: in the leases, then in DNS, step by step."""

import ipaddress
import time
from collections.abc import Iterable

from django.db.models import QuerySet

from downloads import jobs
from downloads.clients import leases, names, reverse_dns
from downloads.models import Client, ClientNaming, Job, NameSource

BATCH = 64  # addresses that the resolver is asked for before names are written
LEAST = 1.0  # seconds that it has to answer one of them


def step(job: Job, deadline: float) -> bool:
    """Do some of it; see downloads.jobs.Step."""
    naming = ClientNaming.current()
    if not naming.is_on:
        raise jobs.Failed("No place to look names up in is turned on.")
    if "after" not in job.position:
        job.position = {"after": 0, "named": 0, "problem": _from_leases(job, naming)}
    if naming.reverse_dns and not _from_dns(job, naming, deadline):
        return False
    if problem := job.position["problem"]:
        raise jobs.Failed(f"{job.outcome} {problem}".strip())
    return True


def _from_leases(job: Job, naming: ClientNaming) -> str:
    """Name clients after their leases; return what is wrong with the file, or ''."""
    if not naming.lease_file:
        return ""
    try:
        found = leases.read(naming.lease_file)
    except leases.Unreadable as problem:
        return f"Lease file: {problem}."
    changed = names.give(found, NameSource.LEASE)
    job.outcome = f"Leases: {len(found):,} with a name, {changed:,} new or changed."
    job.position["leases"] = job.outcome
    return ""


def _from_dns(job: Job, naming: ClientNaming, deadline: float) -> bool:
    """Ask for some; return whether all were asked for."""
    unnamed = Client.objects.filter(
        address_hash="", name_source__in=names.REPLACED_BY[NameSource.DNS]
    )
    if job.total is None:
        job.total = unnamed.count()
    while some := _next(unnamed, job.position["after"]):
        addresses = _worth_asking(
            (address for _pk, address in some), naming.public_addresses
        )
        until = max(deadline, time.monotonic() + LEAST)
        found = reverse_dns.look_up(addresses, until)
        if addresses and not found:
            raise jobs.Failed(
                f"{job.outcome} The resolver of this machine did not answer in time;"
                " names from DNS stay as they were.".strip()
            )
        job.position["named"] += names.give(found, NameSource.DNS)
        job.position["after"] = some[-1][0]
        job.done += len(some)
        job.outcome = (
            f"{job.position.get('leases', '')} DNS: {job.position['named']:,} names"
            " new or changed."
        ).strip()
        if time.monotonic() >= deadline:
            return False
    return True


def _next(unnamed: "QuerySet[Client]", after: int) -> list[tuple[int, str]]:
    rows = unnamed.filter(pk__gt=after).order_by("pk").values_list("pk", "address")
    return list(rows[:BATCH])


def _worth_asking(addresses: Iterable[str], public: bool) -> list[str]:
    """Leave out what is no address (`unix:` is none), and public ones unless wanted."""
    wanted = []
    for text in addresses:
        try:
            address = ipaddress.ip_address(text)
        except ValueError:
            continue
        if public or address.is_private:
            wanted.append(text)
    return wanted
