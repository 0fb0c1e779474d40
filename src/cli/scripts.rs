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

/// Every manual page and completion that is installed: its place below `share`, and its text.
pub fn papers() -> std::io::Result<Vec<(String, String)>> {
    let known = Cli::command();
    let names = known.get_subcommands().filter(|command| !command.is_hide_set()).map(clap::Command::get_name);
    let page = |name: &str| Ok((format!("man/man1/{PROGRAM}-{name}.1"), manual(Some(name))?));
    let mut papers = names.map(page).collect::<std::io::Result<Vec<_>>>()?;
    papers.push((format!("man/man1/{PROGRAM}.1"), manual(None)?));
    papers.push((format!("bash-completion/completions/{PROGRAM}"), completions(Shell::Bash)));
    papers.push((format!("zsh/site-functions/_{PROGRAM}"), completions(Shell::Zsh)));
    papers.push((format!("fish/vendor_completions.d/{PROGRAM}.fish"), completions(Shell::Fish)));
    Ok(papers)
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
