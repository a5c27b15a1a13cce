"""The page: a viser server, a session for every visitor, controls, clicks, paths of the camera."""
