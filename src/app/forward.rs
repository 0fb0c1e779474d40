//! The `ssh` line that brings the answer of a browser on another desk to the loopback of this machine.

use crate::app::oauth::OAuth;
use crate::app::wanted::Wanted;
use crate::basis::env::Env;
use std::net::IpAddr;

/// To be run where the browser is. Ports: of the address that the sign-in leads back to, and of the consents behind it
/// that are registered with ports of their own.
pub fn command(env: &Env, uri: &str, consents: &[Wanted<'_>]) -> String {
    let registered = consents.iter().filter_map(|wanted| OAuth::of(&wanted.host.source));
    let uris = [uri].into_iter().chain(registered.map(|oauth| oauth.registered_uri()));
    let mut ports: Vec<u16> = uris.filter_map(port).collect();
    ports.sort_unstable();
    ports.dedup();
    let forwards: Vec<_> = ports.iter().map(|port| format!(" -L {port}:127.0.0.1:{port}")).collect();
    format!("ssh -N{}{}", forwards.concat(), target(env).unwrap_or_else(|| " THIS-MACHINE".to_owned()))
}

/// `http://localhost:8400/callback` → 8400.
fn port(uri: &str) -> Option<u16> {
    let authority = uri.strip_prefix("http://")?.split('/').next()?;
    authority.rsplit_once(':')?.1.parse().ok()
}

/// How the person's own ssh came here: `SSH_CONNECTION` ends with the address and port of this machine. Nothing else of
/// the environment goes into a line that a person is asked to run.
fn target(env: &Env) -> Option<String> {
    let connection = env.text("SSH_CONNECTION")?;
    let mut words = connection.split(' ').skip(2);
    let address: IpAddr = words.next()?.parse().ok()?;
    let port: u16 = words.next()?.parse().ok()?;
    let plain = |name: &String| name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_' || b == b'.');
    let user = env.text("USER").filter(plain).map(|user| format!("{user}@")).unwrap_or_default();
    let port = if port == 22 { String::new() } else { format!(" -p {port}") };
    Some(format!("{port} {user}{address}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(pairs: &[(&str, &str)]) -> String {
        command(&Env::fixed(pairs.iter().copied()), "http://localhost:8400", &[])
    }

    #[test]
    fn the_line_leads_back_to_where_ssh_came() {
        let came = |connection| line(&[("SSH_CONNECTION", connection), ("USER", "ada.l_1")]);
        assert_eq!(came("192.0.2.7 50022 192.0.2.9 22"), "ssh -N -L 8400:127.0.0.1:8400 ada.l_1@192.0.2.9");
        assert_eq!(came("::1 5 2001:db8::9 2222"), "ssh -N -L 8400:127.0.0.1:8400 -p 2222 ada.l_1@2001:db8::9");
        assert_eq!(line(&[]), "ssh -N -L 8400:127.0.0.1:8400 THIS-MACHINE");
    }

    #[test]
    fn nothing_that_a_shell_would_act_on_gets_into_it() {
        for connection in ["a b $(id) 22", "a b 192.0.2.9 22;id", "a b 192.0.2.9", "-oProxyCommand=id"] {
            assert!(line(&[("SSH_CONNECTION", connection)]).ends_with(" THIS-MACHINE"), "{connection}");
        }
        for user in ["a;b", "-oX", "a b", "$(id)", "`id`"] {
            let line = line(&[("SSH_CONNECTION", "192.0.2.7 5 192.0.2.9 22"), ("USER", user)]);
            assert!(line.ends_with(" 192.0.2.9"), "{line}");
        }
    }
}
