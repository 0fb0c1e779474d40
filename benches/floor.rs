//! What any helper of this design costs at least: a Rust program that reads one key of the kernel and one file, and
//! nothing else. `floor KEY FILE`; both must be there.

#[cfg(target_os = "linux")]
fn main() -> std::process::ExitCode {
    let mut words = std::env::args().skip(1);
    let read = words.next().zip(words.next()).and_then(|(key, file)| {
        let key = read_key(&key).ok()?;
        let file = std::fs::read(file).ok()?;
        Some(std::hint::black_box((key, file)))
    });
    if read.is_some() { std::process::ExitCode::SUCCESS } else { std::process::ExitCode::FAILURE }
}

#[cfg(target_os = "linux")]
fn read_key(name: &str) -> Result<[u8; 32], linux_keyutils::KeyError> {
    use linux_keyutils::{KeyRing, KeyRingIdentifier};
    let ring = KeyRing::from_special_id(KeyRingIdentifier::Process, true)?;
    ring.link_keyring_id(KeyRingIdentifier::User)?;
    let mut bytes = [0; 32];
    ring.search(name)?.read(&mut bytes)?;
    Ok(bytes)
}

#[cfg(not(target_os = "linux"))]
fn main() {}
