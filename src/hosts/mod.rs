//! Whether a host is ours, and under which terms.
