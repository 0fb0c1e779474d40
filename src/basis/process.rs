//! What this process keeps to itself, and who has started it.

/// Keeps memory with tokens in it out of core dumps and away from other processes of the user that would trace
/// us. The children we start are ordinary again. Best effort: a kernel that refuses changes nothing else.
pub fn keep_memory_private() {
    #[cfg(target_os = "linux")]
    {
        use rustix::process::{DumpableBehavior, set_dumpable_behavior};
        _ = set_dumpable_behavior(DumpableBehavior::NotDumpable);
    }
}

/// The process that has started us, 0 where the system does not tell.
pub fn parent() -> u32 {
    #[cfg(unix)]
    return std::os::unix::process::parent_id();
    #[cfg(not(unix))]
    0
}

/// The name of the program that has started us, where the system tells it by a file.
pub fn parent_program() -> Option<String> {
    let name = std::fs::read_to_string(format!("/proc/{}/comm", parent())).ok()?;
    Some(crate::basis::text::clean(name.trim_end()))
}
