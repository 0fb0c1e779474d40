//! Completions and manual pages, generated from the definitions of the commands.

use crate::cli::Cli;
use clap::CommandFactory;
pub use clap_complete::Shell;

/// The completions of a shell. git's own bash completion calls a function of its own for us.
pub fn completions(shell: Shell) -> String {
    if shell == Shell::Bash {
        // clap_complete 4.6.11 contradicts itself where the program's name has a hyphen: subcommands are not found.
        return script(shell, "gitcredentialbitbucketsso")
            .replace(" gitcredentialbitbucketsso\n", &format!(" {PROGRAM}\n"))
            + UNDER_GIT;
    }
    script(shell, PROGRAM)
}

fn script(shell: Shell, name: &'static str) -> String {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut Cli::command().name(name).bin_name(name), name, &mut script);
    String::from_utf8_lossy(&script).into_owned()
}

/// The manual page of the program or of one command, in roff.
pub fn manual(command: Option<&str>) -> std::io::Result<String> {
    let mut whole = Cli::command().name(PROGRAM).bin_name(PROGRAM);
    whole.build();
    let page = command.and_then(|name| whole.find_subcommand(name).cloned()).unwrap_or(whole);
    let mut text = Vec::new();
    clap_mangen::Man::new(page).render(&mut text)?;
    Ok(String::from_utf8_lossy(&text).into_owned())
}

/// A command that has a page.
pub(super) fn visible(text: &str) -> Result<String, String> {
    let known = Cli::command();
    let mut names = known.get_subcommands().filter(|command| !command.is_hide_set()).map(clap::Command::get_name);
    names.any(|name| name == text).then(|| text.to_owned()).ok_or_else(|| "there is no such command".to_owned())
}

/// As the file is called, without the blank of `git credential-bitbucket-sso`.
const PROGRAM: &str = "git-credential-bitbucket-sso";
/// `git credential-bitbucket-sso …` as `git-credential-bitbucket-sso …`.
const UNDER_GIT: &str = r#"
_git_credential_bitbucket_sso() {
    local typed=("${COMP_WORDS[@]:2}") at=$((COMP_CWORD - 1))
    local COMP_WORDS=(git-credential-bitbucket-sso "${typed[@]}") COMP_CWORD=$at
    _gitcredentialbitbucketsso git-credential-bitbucket-sso "${COMP_WORDS[at]}" "${COMP_WORDS[at - 1]}"
}
"#;
