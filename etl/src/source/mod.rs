//! Sources: files, folders, object stores, databases and web addresses that tables are read from.
