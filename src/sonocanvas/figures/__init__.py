"""The paper's figures, drawn from saved runs; one file a figure."""
