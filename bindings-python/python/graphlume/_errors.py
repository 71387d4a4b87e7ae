"""What can go wrong. Messages are those of the Rust library: they name the thing, the place and the number."""


class GraphlumeError(Exception):
    """Any error of graphlume."""


class InputError(GraphlumeError, ValueError):
    """Data or options that cannot be what they are."""


class FileError(GraphlumeError, OSError):
    """A file that cannot be read or written."""


class MissingFileError(FileError, FileNotFoundError):
    """A file that is not there."""


class DeviceUnavailable(GraphlumeError, RuntimeError):
    """A device that is absent, or cannot be opened."""


class DeviceMemoryError(GraphlumeError, MemoryError):
    """A device that has not enough memory left."""
