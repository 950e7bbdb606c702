"""The wire of `WS /v1/stream`: what is said and told. What a session is: `services/live`."""
