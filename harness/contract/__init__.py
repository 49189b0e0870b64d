"""The contract: rules by clause, error names, the config, the permissions, the verdict.

Standard library only and Python 3.9, because this room ships into guests with the reference
executor. It imports nothing else of the project, and nothing in it touches a machine: bytes and
facts go in, judgements come out.
"""
