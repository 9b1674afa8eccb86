"""Methods compared on many prompts: what to make, making and measuring it, the table."""
