"""Recordings that come by their address: what may be fetched, and the fetching. No database."""
