"""`make run`: the whole system on one machine, started in order, watched and stopped together.

`commands` says what runs, `child` keeps one process alive, `console` writes their lines,
`first_steps` makes the local key and names the models, `__main__` puts it in order. On a server the
same commands stand in `compose.yaml`, and this package is not used.
"""
