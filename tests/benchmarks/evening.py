"""A synthetic evening in cachelog lines: forty clients at about 100 Mbit/s each.

Each fetches one game for twenty minutes, pauses, and goes on with another; two thirds
come from the cache. Everything is made up but the shape of the lines.
"""

import random
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

CLIENTS = 40
LINES_A_SECOND = 480
GAME_SECONDS = 1200
START = 1_780_000_000
MULTIPLIER = 0x9E3779B97F4A7C15F39CC0605CEDC834  # spreads consecutive numbers


@dataclass(frozen=True)
class Game:
    service: str
    path: str
    agent: str
    hosts: tuple[str, ...]


def games(count: int, seed: int) -> list[Game]:
    chance = random.Random(seed)
    made = []
    for _ in range(count):
        kind = chance.random()
        if kind < 0.7:
            hosts = tuple(f"cache{n}-fra1.steamcontent.com" for n in range(1, 10))
            depot = chance.randrange(200, 2_000_000)
            path = f"/depot/{depot}/chunk/"
            made.append(Game("steam", path, "Valve/Steam HTTP Client 1.0", hosts))
        elif kind < 0.85:
            path = (
                f"/Builds/Org/o-{chance.getrandbits(120):030x}/live/default/ChunksV4/"
            )
            agent = "EpicGamesLauncher/15.17.1-29888541+++Portal+Release-Live Windows"
            hosts = ("epicgames-download1.akamaized.net",)
            made.append(Game("epicgames", path, agent, hosts))
        else:
            product = chance.choice(["wow", "ovw", "d4", "hs"])
            hosts = ("level3.blizzard.com", "eu.cdn.blizzard.com")
            agent = "Blizzard Agent/2.30.0"
            made.append(Game("blizzard", f"/tpr/{product}/data/", agent, hosts))
    return made


def lines(count: int, start: int = START, seed: int = 1) -> Iterator[str]:
    """Yield ``count`` lines, a second's worth at a time as one string."""
    chance = random.Random(seed)
    library = games(200, seed)
    made = 0
    second = start
    while made < count:
        stamp = time.strftime("%d/%b/%Y:%H:%M:%S +0000", time.gmtime(second))
        some = []
        for _ in range(min(LINES_A_SECOND, count - made)):
            client = int(chance.random() * CLIENTS)
            round_ = (second + client * 97) // GAME_SECONDS
            if (second + client * 97) % GAME_SECONDS > GAME_SECONDS * 0.9:
                client, round_ = 0, second // GAME_SECONDS
            game = library[(round_ * 31 + client * 7) % len(library)]
            made += 1
            name = made * MULTIPLIER & (1 << 160) - 1
            hit = "MISS" if (round_ + client) % 3 == 0 else "HIT"
            size = 200_000 + name % 850_000
            host = game.hosts[name % len(game.hosts)]
            some.append(
                f"[{game.service}] 10.0.0.{client + 2} / - - - [{stamp}]"
                f' "GET {game.path}{name:040x} HTTP/1.1" 200 {size} "-"'
                f' "{game.agent}" "{hit}" "{host}" "-"\n'
            )
        yield "".join(some)
        second += 1


def write(path: Path, count: int, start: int = START, seed: int = 1) -> Path:
    with path.open("w") as file:
        file.writelines(lines(count, start, seed))
    return path


def write_sessions(path: Path, count: int, start: int = START) -> Path:
    """Write ``count`` stream lines, format S2, thirty a second."""
    chance = random.Random(2)
    hosts = [
        "cp601.prod.do.dsp.mp.microsoft.com", "api.steampowered.com",
        "launcher.epicgames.com", "us.version.battle.net", "example.org",
    ]  # fmt: skip
    with path.open("w") as file:
        for number in range(count):
            now = time.gmtime(start + number // 30)
            stamp = time.strftime("%d/%b/%Y:%H:%M:%S +0000", now)
            file.write(
                f"10.0.0.{chance.randrange(2, 42)} [{stamp}] TCP 200"
                f" {chance.randrange(5000, 5_000_000)} {chance.randrange(300, 9000)}"
                f' {chance.random() * 60:.3f} "{chance.choice(hosts)}"\n'
            )
    return path
