"""Clients whose address nobody is to know any more, though their downloads stay.

The row keeps its primary key, and so its data. In place of the address it has a token,
and a hash of the address under SECRET_KEY: later lines of the address find the row by
it, and the address is not shown again. Whoever has the key can try all addresses, so
this hides it from those who see pages and exports, not from who runs the machine.
With another key a later line makes the client anew, under its address.
"""

import secrets
import time
from collections.abc import Sequence

from django.db import transaction
from django.utils.crypto import salted_hmac

from bandwidth import client_samples
from downloads import bulk
from downloads.clients import traces
from downloads.models import Client, Job

SOME = 500
FIELDS = ["address", "address_hash", "name", "name_source", "person"]


def hashed(address: str) -> str:
    return salted_hmac("downloads.Client", address, algorithm="sha256").hexdigest()


def exist() -> bool:
    return Client.objects.exclude(address_hash="").exists()


def of(addresses: Sequence[str]) -> dict[str, Client]:
    """Return address -> client of those of some addresses that have a pseudonym."""
    if not exist():
        return {}
    by_hash = {hashed(address): address for address in addresses}
    clients = Client.objects.filter(address_hash__in=by_hash)
    return {by_hash[client.address_hash]: client for client in clients}


def step(job: Job, deadline: float) -> bool:
    """Pseudonymise the clients of a job; see downloads.jobs.Step."""
    ids = job.arguments["clients"]
    job.total = len(ids)
    while job.done < len(ids):
        some = ids[job.done : job.done + SOME]
        _pseudonymise(some)
        job.done += len(some)
        job.outcome = f"{job.done:,} clients have a pseudonym."
        if time.monotonic() >= deadline:
            break
    return job.done >= len(ids)


def _pseudonymise(ids: Sequence[int]) -> None:
    with transaction.atomic():
        clients = dict(
            Client.objects.select_for_update()
            .filter(pk__in=ids, address_hash="")
            .values_list("pk", "address")
        )
        tokens = dict(zip(clients, _new_tokens(len(clients)), strict=True))
        client_samples.rename({clients[pk]: token for pk, token in tokens.items()})
        traces.remove(clients.keys(), set(clients.values()))
        rows = [
            (tokens[pk], hashed(address), "", "", "", pk)
            for pk, address in clients.items()
        ]
        bulk.update_rows(Client, FIELDS, rows)


def _new_tokens(count: int) -> list[str]:
    """Return tokens such as client-7f3a2c that no client has."""
    tokens: set[str] = set()
    while len(tokens) < count:
        tokens |= {f"client-{secrets.token_hex(3)}" for _ in range(count - len(tokens))}
        taken = Client.objects.filter(address__in=tokens)
        tokens -= set(taken.values_list("address", flat=True))
    return sorted(tokens)
