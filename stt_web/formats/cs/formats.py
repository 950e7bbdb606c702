"""As in "26. 11. 2026 11:42". Names and patterns are Django's."""

DATE_FORMAT = "j. n. Y"
DATETIME_FORMAT = "j. n. Y H:i"
MONTH_DAY_FORMAT = "j. n."
TIME_FORMAT = "H:i"
