//! Programs that have changed since their files were saved: rules and versions.
