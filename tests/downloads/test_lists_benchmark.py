"""What times the lists runs: it knows their tables, and all that they offer."""

from tests.benchmarks import lists, process


def test_a_few_pages_of_each_list_are_timed(tmp_path):
    data = process.migrated(tmp_path)
    measure = lists.MEASURE.replace("measure()", "measure(most=4)")
    report = process.run(["-c", measure], data, LISTS_ROWS="0.0005").report
    assert report["rows"].startswith("2,500 sessions, 500 downloads")
    assert report["pages"] > 40
    assert report["queries"][0] <= lists.MOST_QUERIES
    assert report["counts"] == []
