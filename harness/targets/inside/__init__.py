"""What stands around foreign executors in a guest; each is driven as its own platform drives it.

Standard library only, Python 3.9: it ships into guests as a zipapp.
"""
