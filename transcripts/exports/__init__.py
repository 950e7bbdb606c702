"""A transcript as a file: one document model, one module a format.

Which file has what of subtitles (`srt` and `vtt` write what these make):

    profiles     how much text a reader can take, and for how long it stands: the numbers
    measures     how much of a line and of a reader's time a text takes, by its script
    cues         from a document to cues; calls the next three
    cue_cuts     where speech is cut into cues
    cue_times    from when to when each stands
    lines        a cue's words in lines: where a break reads best
    linebreaks   where a line of running text may end at all, in every script
    lint         what breaks a profile's rules; `lint_report` is that as JSON
"""
