"""What every app may use and that knows none of them: imports no app."""
