"""Access: whether a user may perform an action on a resource in a session, and which statements decide it."""
