"""/docs: the API's documentation on a page of our own, from OpenAPI and AsyncAPI.

    values      an example of a schema, and its fields as rows
    operations  the operations of `/openapi.json`, in groups, as a page shows them
    live        the messages of `asyncapi.yaml`
    samples     the quick start, as text to copy
    pages       the page

Swagger UI did this with 1.7 MB of script, 153 contrasts too low and no quick start. Here the
reference is rendered once per language and process (0.3 s) and kept.
"""
