"""The older, smaller bench of physics: the flow reactor's world."""
