"""Our clients, `python/` and `node/`; what is generated in them is made here.

python -m sdk.generate            the answers' types, and the client without asyncio
python -m sdk.generate --check    fails where they are not what the code says (`make check`)
"""
