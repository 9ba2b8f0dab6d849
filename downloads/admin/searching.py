"""Search by who and what: the small tables first, then the rows that point at them."""

from typing import TYPE_CHECKING, Any

from django.db.models import Q, QuerySet
from django.http import HttpRequest

from downloads.admin.indexes import unindexed_key
from downloads.models import Client, Title

if TYPE_CHECKING:
    from django.contrib.admin import ModelAdmin
else:
    ModelAdmin = object

MOST_WORDS = 5
# A word that so few rows have leads to them by the indexes of clients and titles.
FEW = 2000


class SearchesNames(ModelAdmin):  # type: ignore[type-arg]  # none at runtime
    """Lists the rows that have a client, a title or a host with every word in it.

    ``search_fields`` says which of the three a row has.
    """

    def get_search_results(
        self, request: HttpRequest, queryset: "QuerySet[Any]", search_term: str
    ) -> tuple["QuerySet[Any]", bool]:
        words = search_term.split()[:MOST_WORDS]
        keys = {
            f"of_{name}": unindexed_key(name)
            for name in ("client", "title")
            if words and name in self.search_fields
        }
        queryset = queryset.alias(**keys)
        for word in words:
            queryset = queryset.filter(self.matching(word))
        return queryset, False

    def matching(self, word: str) -> Q:
        found = Q()
        if "client" in self.search_fields:
            found |= Q(of_client__in=_clients(word))
        if "title" in self.search_fields:
            found |= Q(of_title__in=_titles(word))
        if "host" in self.search_fields:
            found |= Q(host__icontains=word)
        return found

    def few_with(self, search_term: str) -> list[int] | None:
        """Return the keys of all rows with one of the words, if they are few."""
        if "host" in self.search_fields:
            return None  # has no index
        rows = self.model._default_manager.order_by()
        for word in search_term.split()[:2]:
            of_client = rows.filter(client__in=_clients(word)).values_list("pk")
            of_title = rows.filter(title__in=_titles(word)).values_list("pk")
            found = [pk for (pk,) in of_client.union(of_title, all=True)[: FEW + 1]]
            if len(found) <= FEW:
                return found
        return None


def _clients(word: str) -> "QuerySet[Any]":
    return _with(Client, word, "name", "address", "person")


def _titles(word: str) -> "QuerySet[Any]":
    return _with(Title, word, "name", "raw")


def _with(model: Any, word: str, *columns: str) -> "QuerySet[Any]":
    found = Q()
    for column in columns:
        found |= Q((f"{column}__icontains", word))
    keys: QuerySet[Any] = model._default_manager.filter(found).values("pk")
    return keys
