"""The main service's side of the process of the torch engines (`torch_engines`): whether it is
there, and calls of it that never hold up or break recognition.
"""
