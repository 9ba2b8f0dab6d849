"""How good the links between sessions and downloads are, in a simulation.

    python -m tests.benchmarks.correlation          the figures, of seeds 11 to 15
    python -m tests.benchmarks.correlation --fit    the table, as seed 1 has it

The table in ``downloads.correlating`` was fitted on seed 1 and is judged on others.
"""

import sys
from collections.abc import Callable, Iterable
from typing import NamedTuple

from downloads.correlating import (
    AMONG,
    COVERED,
    RIGHT,
    SHARE,
    Candidate,
    Evidence,
    Session,
    link,
    weigh,
)
from tests.benchmarks.simulated_sessions import Fetched, Opened, World, simulate

FIT_SEED = 1
SEEDS = range(11, 16)
N = 40_000
Linker = Callable[[World, Opened], tuple[int, float] | None]


class Judged(NamedTuple):
    """A session: is it clear what it belongs to, was it linked, and rightly?"""

    clear: bool
    confidence: float | None
    right: bool


class Figures(NamedTuple):
    n: int
    linked: int
    sure: int
    precision: float
    clear: int
    recall: float
    tenths: list[tuple[int, float, float]]  # n, mean confidence, share that is right


def candidates(downloads: Iterable[Fetched]) -> list[Candidate]:
    return [Candidate(d.key, d.first_stamp, d.last_stamp, d.title) for d in downloads]


def ours(world: World, one: Opened) -> tuple[int, float] | None:
    of_service = candidates(world.candidates(one))
    return link(Session(one.start, one.end, one.host), of_service)


def service_blind(world: World, one: Opened) -> tuple[int, float] | None:
    """Link by client and time alone; confidence is the design's first score."""
    session = Session(one.start, one.end, "")
    of_client = candidates(world.candidates(one, any_service=True))
    if (found := weigh(session, of_client)) is None:
        return None
    return found.key, found.covered * found.share


def judge(world: World, linker: Linker) -> list[Judged]:
    judged = []
    for one in world.sessions:
        found = linker(world, one)
        clear = one.truth is not None and len(world.candidates(one)) < 2
        right = found is not None and found[0] == one.truth
        judged.append(Judged(clear, found and found[1], right))
    return judged


def figures(judged: list[Judged]) -> Figures:
    """Recall is of the sessions that belong to a download and overlap no second one:
    those that miss even their own count as lost."""
    linked = [
        (one.confidence, one.right) for one in judged if one.confidence is not None
    ]
    sure = [right for confidence, right in linked if confidence >= 0.9]
    clear = [one.right for one in judged if one.clear]
    tenths = []
    for tenth in range(10):
        inside = [pair for pair in linked if min(9, int(pair[0] * 10)) == tenth]
        if inside:
            said = sum(confidence for confidence, _ in inside) / len(inside)
            tenths.append((len(inside), said, _share(right for _, right in inside)))
        else:
            tenths.append((0, 0.0, 0.0))
    return Figures(
        len(judged),
        len(linked),
        len(sure),
        _share(sure),
        len(clear),
        _share(clear),
        tenths,
    )


def _share(right: Iterable[bool]) -> float:
    right = list(right)
    return sum(right) / len(right) if right else 0.0


def fit(world: World) -> None:
    """Print each table: the share of links right among those nearest to a knot."""
    found: list[tuple[Evidence, bool]] = []
    for one in world.sessions:
        evidence = weigh(
            Session(one.start, one.end, one.host), candidates(world.candidates(one))
        )
        if evidence:
            found.append((evidence, evidence.key == one.truth))
    for kind, early in RIGHT:
        of_row = [
            (one.covered, right)
            for one, right in found
            if (one.kind, one.early) == (kind, early) and one.share == 1
        ]
        print(kind.name, "early" if early else "with", _nearest(COVERED, of_row))
    for early in AMONG:
        several = [
            (one.share, right)
            for one, right in found
            if one.early == early and one.share < 1 and one.tied == 1
        ]
        print("several", "early" if early else "with", _nearest(SHARE, several))
    tied = [right for one, right in found if one.tied == 2]
    print(f"two tied: {_share(tied):.3f} (n {len(tied)})")


def _nearest(knots: tuple[float, ...], seen: list[tuple[float, bool]]) -> str:
    cells: dict[float, list[bool]] = {knot: [] for knot in knots}
    for position, right in seen:
        cells[min(knots, key=lambda knot: abs(knot - position))].append(right)
    return "  ".join(
        f"{knot:.2f}: {_share(of_knot):.3f} (n {len(of_knot)})"
        for knot, of_knot in cells.items()
    )


def show(name: str, result: Figures) -> None:
    print(
        f"{name}: n {result.n}, linked {result.linked}\n"
        f"  precision at confidence >= 0.9: {result.precision:.4f} (n {result.sure})\n"
        f"  recall on unambiguous: {result.recall:.4f} (n {result.clear})\n"
        "  confidence     n   says  right   off"
    )
    for tenth, (n, said, right) in enumerate(result.tenths):
        low = tenth / 10
        print(
            f"  {low:.1f} to {low + 0.1:.1f} {n:6}  {said:.3f}  {right:.3f}"
            f"  {right - said:+.3f}"
        )


def main() -> None:
    if "--fit" in sys.argv:
        fit(simulate(FIT_SEED, n=5 * N))
        return
    worlds = [simulate(seed, N) for seed in SEEDS]
    for name, linker in (("ours", ours), ("service-blind", service_blind)):
        show(name, figures([one for w in worlds for one in judge(w, linker)]))
    # What the figures owe to an assumption that nobody has measured.
    for same_service in (0.05, 0.30):
        world = simulate(SEEDS[0], N, same_service)
        show(f"ours, same_service {same_service}", figures(judge(world, ours)))


if __name__ == "__main__":
    main()
