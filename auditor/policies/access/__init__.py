"""Access: whether a user may do an action on a resource in a session, and which statements decide it."""
