"""What an operator asks of a running system, by command or over the API.

What is amiss (`doctor`), and how fast it is (`bench`).
"""
