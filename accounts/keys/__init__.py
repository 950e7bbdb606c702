"""API keys: issued, cached, throttled."""
