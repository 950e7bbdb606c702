"""tus 1.0 on `/v1/uploads`."""
