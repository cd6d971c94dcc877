"""Services outside that we can set up for a user."""
