"""What is looked at, listened to and felt: pages, previews, videos, colour."""
