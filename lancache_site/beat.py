"""Beat by itself: ``python -m lancache_site.beat``.

Celery's command line loads all of its commands, 10 MB that stay for months.
"""

from lancache_site.celery import app

if __name__ == "__main__":
    app.Beat(loglevel="INFO", quiet=True).run()
