"""Who draws where: layers and their places on the canvas."""
