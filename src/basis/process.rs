//! What this process keeps to itself.

/// Keeps memory with tokens in it out of core dumps and away from other processes of the user that would trace
/// us. The children we start are ordinary again. Best effort: a kernel that refuses changes nothing else.
pub fn keep_memory_private() {
    #[cfg(target_os = "linux")]
    {
        use rustix::process::{DumpableBehavior, set_dumpable_behavior};
        _ = set_dumpable_behavior(DumpableBehavior::NotDumpable);
    }
}
