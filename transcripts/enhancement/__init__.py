"""Clean sound: a recording without its noise, as loud as it should be, as a WAV file."""
