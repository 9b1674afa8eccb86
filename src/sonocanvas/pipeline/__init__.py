"""Both models as one of diffusers' pipelines."""
