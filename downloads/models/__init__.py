from downloads.models.downloads import Download, DownloadAlias
from downloads.models.facts import Burst, Counter, TrafficBucket, TrafficQuarter
from downloads.models.jobs import Job
from downloads.models.lists import ListAddress, ListedName
from downloads.models.names import (
    Client,
    ClientNaming,
    Datasource,
    Logs,
    NameSource,
    Title,
)
from downloads.models.sessions import StreamSession

__all__ = [
    "Burst",
    "Client",
    "ClientNaming",
    "Counter",
    "Datasource",
    "Download",
    "DownloadAlias",
    "Job",
    "ListAddress",
    "ListedName",
    "Logs",
    "NameSource",
    "StreamSession",
    "Title",
    "TrafficBucket",
    "TrafficQuarter",
]
