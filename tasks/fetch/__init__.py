"""Fetching: from a source's profile to responses in the raw store. Nothing here knows Prefect or the tables.

profile     what is known of a publisher, validated
address     which addresses may be asked, and which machines connected to
wire        one HTTP exchange, on a connection to an address that was checked, within limits
guest       how a host is asked: robots.txt, delays, retries, the end of patience
lists       what lists, feeds and sitemaps name
content     whether a response is a page
visit       one look at an edition: what is due, asked, archived
coverage    what is whole, what is missing, what the source removed
warc        the archive as WARC
"""
