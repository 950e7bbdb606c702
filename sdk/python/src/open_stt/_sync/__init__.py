# Generated from `_async` by `python -m sdk.generate`.
