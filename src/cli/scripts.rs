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

/// The manual page of the program or of one command, in roff. It is called as git asks for it:
/// `git-credential-bitbucket-sso`, and for a command's command `git-credential-bitbucket-sso-audit-verify`.
pub fn manual(command: Option<&str>) -> std::io::Result<String> {
    let mut whole = Cli::command().name(PROGRAM).bin_name(PROGRAM);
    whole.build();
    let page = command.and_then(|name| find(&whole, name)).unwrap_or(&whole).clone();
    let mut text = Vec::new();
    let source = format!("{PROGRAM} {}", env!("CARGO_PKG_VERSION"));
    clap_mangen::Man::new(page).source(source).manual("Git Manual").render(&mut text)?;
    Ok(String::from_utf8_lossy(&text).into_owned())
}

/// Every manual page and completion that is installed: its place below `share`, and its text.
pub fn papers() -> std::io::Result<Vec<(String, String)>> {
    let page = |name: &String| Ok((format!("man/man1/{PROGRAM}-{name}.1"), manual(Some(name))?));
    let mut papers = pages(&Cli::command(), "").iter().map(page).collect::<std::io::Result<Vec<_>>>()?;
    papers.push((format!("man/man1/{PROGRAM}.1"), manual(None)?));
    papers.push((format!("bash-completion/completions/{PROGRAM}"), completions(Shell::Bash)));
    papers.push((format!("zsh/site-functions/_{PROGRAM}"), completions(Shell::Zsh)));
    papers.push((format!("fish/vendor_completions.d/{PROGRAM}.fish"), completions(Shell::Fish)));
    Ok(papers)
}

/// Every command below one, as its page is named: `audit`, `audit-verify`.
fn pages(command: &clap::Command, before: &str) -> Vec<String> {
    let visible = command.get_subcommands().filter(|command| !command.is_hide_set());
    visible
        .flat_map(|command| {
            let name = format!("{before}{}", command.get_name());
            let below = pages(command, &format!("{name}-"));
            std::iter::once(name).chain(below)
        })
        .collect()
}

/// A command that has a page: `audit`, or `audit-verify`.
pub(super) fn visible(text: &str) -> Result<String, String> {
    find(&Cli::command(), text).map(|_| text.to_owned()).ok_or_else(|| "there is no such command".to_owned())
}

fn find<'a>(whole: &'a clap::Command, path: &str) -> Option<&'a clap::Command> {
    path.split('-').try_fold(whole, |command, name| command.find_subcommand(name).filter(|found| !found.is_hide_set()))
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
