"""What an operator sees of reading; importing it registers every model.

Datasource is here, too: reading it is what it is for.
"""

from ingest.admin import datasources, files, rejected, runs

__all__ = ["datasources", "files", "rejected", "runs"]
