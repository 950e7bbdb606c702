"""A transcript as a file: one document model, one module a format."""
