"""`make run`: the whole system on one machine, started in order, watched and stopped together.

`commands` lists what runs, `child` restarts one process, `console` writes their lines,
`first_steps` makes the local key and names the models, `__main__` puts it in order. On a server the
same commands stand in `compose.yaml`, and this package is not used.
"""
