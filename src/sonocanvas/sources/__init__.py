"""What a layer can hold that no model draws, one file each."""
