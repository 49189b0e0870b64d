"""`--executor azure-vmsnapshot:PATH`: Azure's open-source VMSnapshotLinux extension, unmodified."""
