"""Ways to look at, listen to and feel samples: pages, previews, videos, colour, vibration."""
