"""The endpoints of voices: speech made on request, its jobs, and consent."""
