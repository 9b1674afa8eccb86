"""Model pairs: where a pair of diffusion models comes from."""
