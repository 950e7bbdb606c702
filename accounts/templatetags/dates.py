"""`{% load dates %}`: how pages write dates and times (`stt_web.core.dates`)."""

from django import template

from stt_web.core.dates import ago, day, day_time, short_day

register = template.Library()
for write in (ago, day, day_time, short_day):
    register.filter(write)
