"""Measure what README claims: `python -m tests.benchmarks [NAME ...]`."""

import importlib
import sys

NAMES = (
    "reading",
    "scale",
    "sessions",
    "freshness",
    "accuracy",
    "correlation",
    "kills",
    "forgetting",
    "lists",
    "lists_postgresql",
    "stack",
    "sampler",
    "listeners",
    "export",
    "titles",
    "latency",
    "bandwidth-accuracy",
)


def main() -> None:
    names = sys.argv[1:] or NAMES
    if unknown := set(names) - set(NAMES):
        raise SystemExit(f"no such figure: {', '.join(unknown)}; there are {NAMES}")
    for name in names:
        sys.argv[1:] = []
        module = name.replace("-", "_")
        importlib.import_module(f"tests.benchmarks.{module}").main()


if __name__ == "__main__":
    main()
