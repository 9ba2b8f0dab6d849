import json

import pytest

from downloads import services

SHIPPED = json.loads((services.HOST_LISTS / "cache_domains.json").read_text())


def test_the_services_are_those_of_cache_domains_without_its_test():
    names = {entry["name"] for entry in SHIPPED["cache_domains"]}
    assert services.known() == names - {"test"}


@pytest.mark.parametrize(
    "host, service",
    [
        ("lancache.steamcontent.com", "steam"),
        ("cache1-fra2.steamcontent.com", "steam"),
        ("CACHE1-FRA2.SteamContent.com:80", "steam"),
        ("cache1-fra2.steamcontent.com.", "steam"),
        ("cache1-fra2.steamcontent.com.:80", "steam"),
        ("steamcontent.com", "steam"),
        ("evilsteamcontent.com", ""),
        ("steamcontent.com.evil.example", ""),
        ("steamcdn-a.akamaihd.net", "steam"),
        ("a.akamaihd.net", ""),
        ("level3.blizzard.com", "blizzard"),
        ("eu.actual.battle.net", "blizzard"),
        ("lol.dyn.riotcdn.net", "riot"),
        ("epicgames-download1.akamaized.net", "epicgames"),
        ("fastly-download.epicgames.com", "epicgames"),
        ("EgDownload.fastly-edge.com", "epicgames"),
        ("assets1.xboxlive.com", "xboxlive"),
        ("gst.prod.dl.playstation.net", "sony"),
        ("au.download.windowsupdate.com", "wsus"),
        ("array516.prod.do.dsp.mp.microsoft.com", "wsus"),
        ("uplaypc-s-ubisoft.cdn.ubi.com", "uplay"),
        ("dl1.wargaming.net", "wargaming"),
        ("trigger.lancache.net", ""),
        ("steam", ""),
        ("com", ""),
        ("", ""),
        (".", ""),
        ("..steamcontent.com", "steam"),
        ("127.0.10.11", ""),
        ("[::1]", ""),
        ("[::1]:80", ""),
        (r"a\x22b.example", ""),
        ("a b.steamcontent.com", "steam"),
    ],
)
def test_a_host_belongs_to_the_service_of_its_longest_known_suffix(host, service):
    assert services.of_host(host) == service


@pytest.mark.parametrize(
    "host, folded",
    [
        ("CDN.Example:8080", "cdn.example"),
        ("cdn.example.", "cdn.example"),
        ("[::1]:80", "[::1]:80"),
        ("fd00::7", "fd00::7"),
        ("", ""),
    ],
)
def test_hosts_are_compared_without_case_port_or_trailing_dot(host, folded):
    assert services.fold(host) == folded


UNLISTED = "cdn.unlisted.example"
STEAM_HOST = "cache1.steamcontent.com"


@pytest.mark.parametrize(
    "identifier, file_service, host, steam_agent, service",
    [
        ("steam", "", STEAM_HOST, True, "steam"),
        ("steam", "", "f3b7q2p3.ssl.hwcdn.net", True, "steam"),
        ("epicgames", "", STEAM_HOST, True, "epicgames"),
        ("epicgames", "steam", STEAM_HOST, True, "epicgames"),
        ("CACHE1.SteamContent.com:80", "", STEAM_HOST, False, "steam"),
        (UNLISTED, "", UNLISTED, False, ""),
        (UNLISTED, "", UNLISTED, True, "steam"),
        ("[::1]", "", "[::1]", False, ""),
        ("foo]bar.example", "", "foo]bar.example", False, ""),
        ("", "", STEAM_HOST, False, "steam"),
        ("", "", "", False, ""),
        ("", "steam", UNLISTED, False, "steam"),
        ("", "windows-update", UNLISTED, False, "wsus"),
        ("", "fallback", STEAM_HOST, False, "steam"),
        ("", "fallback", UNLISTED, False, ""),
        ("", "test", UNLISTED, False, ""),
        ("test", "", UNLISTED, False, ""),
    ],
)
def test_the_service_is_told_by_identifier_file_host_and_agent_in_that_order(
    identifier, file_service, host, steam_agent, service
):
    asked = services.of_request(identifier, file_service, host, steam_agent)
    assert asked == service


@pytest.mark.parametrize("host", ["blizzard", "STEAM", "steam:80", "my-own", "test"])
def test_a_strangers_host_header_never_makes_a_service(host):
    # nginx writes it as the identifier, and folded as the host.
    assert services.of_request(host, "", services.fold(host), False) == ""


def test_every_suffix_of_ours_is_folded_and_leads_to_a_known_service():
    for suffix, service in services.MORE_SUFFIXES.items():
        assert services.fold(suffix) == suffix
        assert services.of_host(f"cdn.{suffix}") == service
        assert service in services.known()


def test_every_listed_host_leads_to_its_service_or_to_one_that_shares_it():
    for entry in SHIPPED["cache_domains"]:
        for name in entry["domain_files"]:
            for line in (services.HOST_LISTS / name).read_text().splitlines():
                host = line.partition("#")[0].strip().replace("*", "any")
                found = services.of_host(host) if host else ""
                assert not host or found in services.known() or entry["name"] == "test"
