"""What is said of lists that name no page, or print no day: a new layout, a profile that does not fit, a young site."""

from __future__ import annotations

from tasks.fetch.address import Address
from tasks.fetch.lists import Listing
from tasks.fetch.profile import Feed, Paged, Sitemap

ADVICE = "what was fetched is kept; look at the address in a browser, and where it lists pages, mend the profile"


def tell_vain(spec: Paged | Feed | Sitemap, first: Address, refused: int) -> str:
    """Why lists that were read name no page.

    Args:
        spec: which lists.
        first: address of the first one.
        refused: links on them that the profile does not admit.
    """
    if refused:
        return f"{first} names no page: `include` and `hosts` of the profile admit none of its {refused} links"
    if isinstance(spec, Paged):
        return f"{first} names no page: `entry` and `link` of the profile find nothing there"
    return f"{first} names no page: it is empty"


def tell_undated(listing: Listing, address: Address) -> str:
    """Why entries of a list have no day, where the profile says that it stands in them."""
    printed = next(filter(None, listing.undated), None)
    why = f"no day can be read in {printed!r}" if printed else "it finds nothing there"
    count = f"{len(listing.undated)} of {len(listing.entries)} entries"
    return f"{address}: {count} have no day, since `date` of the profile does not fit: {why}; no day counts as whole"
