"""Script kits and their certification: the manifest, the lint, the levels, the rounds."""
