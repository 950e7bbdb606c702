"""Hostile values at every address: the tests are made from the URL table and the OpenAPI document,
so that a new endpoint is probed without anybody thinking of it."""
