from downloads.models.clients import Client, ClientNaming, NameSource
from downloads.models.datasources import Datasource, Logs
from downloads.models.downloads import Download, DownloadAlias
from downloads.models.facts import Burst, Counter, TrafficBucket, TrafficQuarter
from downloads.models.jobs import Job
from downloads.models.lists import ListAddress, ListedName
from downloads.models.sessions import StreamSession
from downloads.models.titles import Title

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
