"""Filters of this application's templates."""
