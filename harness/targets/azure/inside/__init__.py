"""What stands around the extension in a guest: the virtual machine's agent and a blob storage.

Standard library only, Python 3.9: it ships into guests as one zipapp.
"""
