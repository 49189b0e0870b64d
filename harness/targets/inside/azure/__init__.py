"""Around Azure's extension: the agent of the virtual machine, and a blob storage."""
