"""A client's address in its one canonical spelling. Pure."""

import ipaddress

import polars as pl


def folded_address(text: str) -> str:
    """Return an address in its one canonical spelling, or "" if it is none."""
    if text == "unix:":
        return text
    try:
        address = ipaddress.ip_address(text)
    except ValueError:
        return ""
    if isinstance(address, ipaddress.IPv6Address) and address.ipv4_mapped:
        address = address.ipv4_mapped
    # A zone such as %eth0 is a stranger's free text.
    return "" if "%" in text else str(address)


def with_folded_address(lines: pl.DataFrame) -> pl.DataFrame:
    """Fold the column address; drop the rows in which it is no address."""
    spellings = lines["address"].unique().to_list()
    folded = pl.DataFrame(
        {"address": spellings, "folded": [folded_address(text) for text in spellings]},
        schema={"address": pl.String, "folded": pl.String},
    ).filter(pl.col("folded") != "")
    return (
        lines.join(folded, on="address", maintain_order="left")
        .drop("address")
        .rename({"folded": "address"})
    )
