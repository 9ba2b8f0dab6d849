"""Games and their depots, and a list that names them. All made up but its shape."""

import json
import sys
from pathlib import Path

GAMES = 3_000
DEPOTS = 20_000  # that logs mention
LISTED = 300_000


def depots_of(game: int) -> range:
    """Some six or seven depots, numbered as Steam does: in tens."""
    low, high = (number * DEPOTS // GAMES for number in (game, game + 1))
    return range(10 * low + 10, 10 * high + 10, 10)


def write_list(path: Path) -> None:
    """Write a list as lancache-pics does: the games' depots, and as many others."""
    games = {depot: game for game in range(GAMES) for depot in depots_of(game)}
    mappings = {}
    for depot in range(10, 10 * LISTED + 10, 10):
        game = games.get(depot, GAMES + depot)
        mappings[str(depot)] = {
            "ownerId": 10 * game,
            "appIds": [10 * game, 10 * game + 5],
            "appNames": [f"The Game of {game}", f"The Game of {game} Demo"],
            "appTypes": ["game", "demo"],
            "source": "SteamKit2-PICS",
        }
    whole = {"metadata": {"totalMappings": LISTED}, "depotMappings": mappings}
    path.write_text(json.dumps(whole, indent=2))


if __name__ == "__main__":
    write_list(Path(sys.argv[1]))
