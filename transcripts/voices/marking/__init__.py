"""How speech that was made here is known as such, also elsewhere and later.

    riff          a LIST INFO chunk, which every player shows
    manifest      a C2PA manifest, signed: who made it, by what, and that nothing was changed since
    certificates  what it is signed with: the operator's certificate, or one of our own
    inspection    whether a file is ours, and by which of these

The inaudible watermark is put in by the inference service, where it is installed.
"""
