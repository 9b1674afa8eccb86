"""Model pairs, and where their diffusion models come from."""
