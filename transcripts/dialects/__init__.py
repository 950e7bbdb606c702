"""Other services' APIs, answered by this one: people switch by changing one address.

A dialect is four mappings over the services that exist, and no second pipeline:

    request     its fields → `TranscriptionOptions`; what becomes of each is in its table of fields
    answers     a `Document` → its bodies
    errors      an `ApiError` → its shape, also for what is refused before a view runs
    credential  where it puts the key (`accounts.principals`)

Nothing of ours imports a dialect but the URL table and the settings (tests/test_architecture.py).
"""
