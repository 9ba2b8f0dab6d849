"""A worker by itself: ``python -m lancache_site.worker``.

As ``celery worker``, whose command line loads all of Celery's commands: 10 MB.
"""

import sys

from lancache_site.celery import app

QUEUES = ("lancache", "lancache-writing")

if __name__ == "__main__":
    worker = app.Worker(
        pool="threads",
        concurrency=4,
        loglevel="INFO",
        queues=QUEUES,
        quiet=True,
        without_gossip=True,
        without_mingle=True,
    )
    worker.start()
    sys.exit(worker.exitcode)
