"""How dates and times are written, by language: on our pages (`core.dates`) and the operators'."""
