//! What git is answered: the only writer to git's standard output.

use crate::basis::credential::Credential;
use crate::basis::secret::SecretBytes;
use crate::basis::text::breaks_git;
use crate::config::settings::AuthScheme;
use crate::git::request::Capabilities;
use std::io::{ErrorKind, Write};

/// The answer to `get`.
#[derive(Clone, Debug)]
pub enum Answer {
    /// Not ours, or git shall ask elsewhere: nothing is printed.
    Pass,
    /// User name and token, or the pre-encoded form.
    Credential { credential: Credential, scheme: Scheme },
    /// Ours, but there is none: git shall ask neither another helper nor the person.
    Stop,
}

/// How the token is put to git.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scheme {
    /// `username` and `password`; every git understands it.
    Basic,
    /// `authtype` and `credential`, from git 2.46 on.
    Bearer,
}

impl Scheme {
    /// Bearer only where the host wants it and the caller has announced it: a caller that has not takes the
    /// answer, passes on nothing and asks nobody else (DESIGN.md section 6 rule 3).
    pub fn of(wanted: AuthScheme, announced: Capabilities) -> Self {
        match wanted {
            AuthScheme::Bearer if announced.authtype => Self::Bearer,
            AuthScheme::Bearer | AuthScheme::Basic => Self::Basic,
        }
    }
}

/// Why nothing was printed.
#[derive(Debug, thiserror::Error)]
pub enum AnswerError {
    /// A value holds a byte below 0x20 or 0x7F (DESIGN.md section 6 rule 4).
    #[error("the {0} holds a control character")]
    ControlByte(&'static str),
    /// Standard output broke, other than by git's going away.
    #[error("the answer cannot be written to git")]
    Unwritable(#[from] std::io::Error),
}

impl Answer {
    /// Writes the whole answer at once, or nothing of it. A reader that has gone away is fine.
    pub fn write(&self, stdout: &mut dyn Write) -> Result<(), AnswerError> {
        match self {
            Self::Pass => Ok(()),
            Self::Stop => print(stdout, b"quit=1\n"),
            Self::Credential { credential, scheme } => print(stdout, lines(credential, *scheme)?.expose()),
        }
    }
}

/// Answers `capability`: what we may announce in answers.
pub fn write_capabilities(stdout: &mut dyn Write) -> Result<(), AnswerError> {
    print(stdout, b"version 0\ncapability authtype\n")
}

fn lines(credential: &Credential, scheme: Scheme) -> Result<SecretBytes, AnswerError> {
    let token = credential.token.expose();
    if breaks_git(&credential.username) {
        return Err(AnswerError::ControlByte("user name"));
    }
    if breaks_git(token) {
        return Err(AnswerError::ControlByte("token"));
    }
    // Room for all of it, so that growing leaves no copy of the token behind.
    let mut text = String::with_capacity(credential.username.len() + token.len() + ROOM);
    let fields: &[&str] = match scheme {
        Scheme::Basic => &["username=", &credential.username, "\npassword=", token, "\n"],
        Scheme::Bearer => &["capability[]=authtype\nauthtype=Bearer\ncredential=", token, "\nephemeral=1\n"],
    };
    text.extend(fields.iter().copied());
    text.extend(["password_expiry_utc=", &credential.expires.0.to_string(), "\n"]);
    Ok(SecretBytes::new(text.into_bytes()))
}

fn print(stdout: &mut dyn Write, bytes: &[u8]) -> Result<(), AnswerError> {
    match stdout.write_all(bytes).and_then(|()| stdout.flush()) {
        Err(error) if error.kind() != ErrorKind::BrokenPipe => Err(error.into()),
        _ => Ok(()),
    }
}

const ROOM: usize = 160;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::basis::clock::Timestamp;
    use crate::basis::secret::GitToken;

    fn credential(username: &str, token: &str) -> Credential {
        Credential {
            username: username.into(),
            token: GitToken::new(token.into()),
            issued: Timestamp(1_700_000_000),
            expires: Timestamp(1_700_003_600),
            scopes: String::new(),
            ruling: crate::basis::credential::Ruling::default(),
        }
    }

    fn written(answer: &Answer) -> Result<String, AnswerError> {
        let mut bytes = Vec::new();
        answer.write(&mut bytes)?;
        Ok(String::from_utf8(bytes).unwrap())
    }

    #[test]
    fn each_answer_is_exact_to_the_byte() {
        let credential = credential("x-token-auth", "a=b");
        let basic = Answer::Credential { credential: credential.clone(), scheme: Scheme::Basic };
        assert_eq!(written(&basic).unwrap(), "username=x-token-auth\npassword=a=b\npassword_expiry_utc=1700003600\n");
        let bearer = Answer::Credential { credential, scheme: Scheme::Bearer };
        assert_eq!(
            written(&bearer).unwrap(),
            "capability[]=authtype\nauthtype=Bearer\ncredential=a=b\nephemeral=1\npassword_expiry_utc=1700003600\n"
        );
        assert_eq!(written(&Answer::Pass).unwrap(), "");
        assert_eq!(written(&Answer::Stop).unwrap(), "quit=1\n");
    }

    #[test]
    fn no_control_byte_reaches_git() {
        for bad in (0..0x20).chain([0x7f]).map(char::from) {
            for (username, token) in [(format!("u{bad}"), "t".to_owned()), ("u".to_owned(), format!("t{bad}"))] {
                let mut bytes = Vec::new();
                let answer = Answer::Credential { credential: credential(&username, &token), scheme: Scheme::Basic };
                assert!(matches!(answer.write(&mut bytes), Err(AnswerError::ControlByte(_))), "{bad:?}");
                assert!(bytes.is_empty());
            }
        }
    }

    #[test]
    fn bearer_needs_both_sides() {
        let announced = Capabilities { authtype: true, state: false };
        assert_eq!(Scheme::of(AuthScheme::Bearer, announced), Scheme::Bearer);
        assert_eq!(Scheme::of(AuthScheme::Bearer, Capabilities::default()), Scheme::Basic);
        assert_eq!(Scheme::of(AuthScheme::Basic, announced), Scheme::Basic);
    }

    #[test]
    fn a_reader_that_went_away_is_fine() {
        struct Broken(ErrorKind);
        impl Write for Broken {
            fn write(&mut self, _: &[u8]) -> std::io::Result<usize> {
                Err(self.0.into())
            }
            fn flush(&mut self) -> std::io::Result<()> {
                Ok(())
            }
        }
        assert!(Answer::Stop.write(&mut Broken(ErrorKind::BrokenPipe)).is_ok());
        assert!(Answer::Stop.write(&mut Broken(ErrorKind::StorageFull)).is_err());
    }

    #[test]
    fn capabilities_are_those_of_git_credential() {
        let mut bytes = Vec::new();
        write_capabilities(&mut bytes).unwrap();
        assert_eq!(bytes, b"version 0\ncapability authtype\n");
    }
}
