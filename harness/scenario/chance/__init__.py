"""Situations and sequences of runs that nobody wrote down: drawn by chance, from a seed.

Pure: what is met, what must follow from it, and what a simpler one of the kind would be.
"""
