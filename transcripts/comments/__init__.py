"""What people note beside a text, and what they highlight in it."""
