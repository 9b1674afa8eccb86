"""Sources of layers: content that no model draws, one file each."""
