//! What happens to the files themselves: links, modes, locks, places that must be left alone.

use super::*;

#[test]
fn a_linked_file_is_replaced_where_it_is_with_its_mode_and_line_ends() {
    for machine in machines() {
        machine.write("dotfiles/gitconfig", "[user]\r\n\tname = x\r\n");
        fs::set_permissions(machine.at("dotfiles/gitconfig"), fs::Permissions::from_mode(0o640)).unwrap();
        symlink("dotfiles/gitconfig", machine.at(".gitconfig")).unwrap();
        machine.setup().unwrap();
        assert_eq!(machine.verdict(), Verdict::First);
        assert!(fs::symlink_metadata(machine.at(".gitconfig")).unwrap().is_symlink());
        assert_eq!(fs::metadata(machine.at("dotfiles/gitconfig")).unwrap().permissions().mode() & 0o777, 0o640);
        undo(&machine.surroundings()).unwrap();
        assert_eq!(machine.text("dotfiles/gitconfig"), "[user]\r\n\tname = x\r\n");
    }
}

#[test]
fn a_block_in_the_file_that_git_wrote_before_moves_with_git() {
    for machine in machines() {
        machine.write(".config/git/config", "[user]\n\tname = x\n");
        machine.setup().unwrap();
        assert!(!machine.at(".gitconfig").exists(), "never beside an existing XDG file");
        machine.write(".gitconfig", "[core]\n\tx = y\n");
        machine.setup().unwrap();
        assert_eq!(machine.text(".config/git/config"), "[user]\n\tname = x\n");
        assert_eq!(machine.verdict(), Verdict::First);
        undo(&machine.surroundings()).unwrap();
        assert_eq!(machine.text(".gitconfig"), "[core]\n\tx = y\n");
    }
}

#[test]
fn a_file_named_by_the_environment_is_the_one_and_undo_looks_at_home_too() {
    for mut machine in machines() {
        machine.setup().unwrap();
        let Env::Fixed(variables) = &mut machine.env else { panic!("fixed") };
        variables.insert("GIT_CONFIG_GLOBAL".into(), machine.dir.path().join("named").into());
        machine.setup().unwrap();
        assert!(machine.at(".gitconfig").exists() && machine.at("named").exists());
        assert_eq!(machine.verdict(), Verdict::First);
        undo(&machine.surroundings()).unwrap();
        assert!(!machine.at(".gitconfig").exists() && !machine.at("named").exists());
    }
}

#[test]
fn a_file_that_was_made_by_setup_is_gone_after_undo() {
    for machine in machines() {
        machine.setup().unwrap();
        assert!(machine.at(".gitconfig").exists());
        undo(&machine.surroundings()).unwrap();
        assert!(!machine.at(".gitconfig").exists());
        assert_eq!(undo(&machine.surroundings()).unwrap().files, []);
    }
}

#[test]
fn a_read_only_file_is_left_alone_and_lines_pasted_by_hand_count() {
    let machine = machines().remove(0);
    machine.write(".gitconfig", "[user]\n");
    let mode = |mode| fs::set_permissions(machine.at(".gitconfig"), fs::Permissions::from_mode(mode)).unwrap();
    mode(0o444);
    let Err(SetupError::ReadOnly { why: Blocked::ReadOnly, lines, remove: false, .. }) = machine.setup() else {
        panic!("left alone")
    };
    assert_eq!(machine.text(".gitconfig"), "[user]\n");
    mode(0o644);
    machine.write(".gitconfig", &format!("[user]\n{}\n", lines[1..3].join("\n")));
    mode(0o444);
    assert_eq!(machine.verdict(), Verdict::First, "the include file was written all the same");
    machine.setup().unwrap();
}

#[test]
fn nothing_is_written_where_it_must_not_be() {
    let machine = machines().remove(0);
    let refused = |surroundings: &Surroundings| plan(surroundings, &[host(URL)]).err();
    let no_home = Env::fixed([("PATH", "/usr/bin")]);
    let surroundings = Surroundings { env: &no_home, ..machine.surroundings() };
    assert!(matches!(refused(&surroundings), Some(SetupError::HomeUnset)));
    let surroundings = Surroundings { euid_owner_check: |_| Ok(false), ..machine.surroundings() };
    assert!(matches!(refused(&surroundings), Some(SetupError::HomeNotOurs { .. })));
    machine.write(".config/bitbucket-sso/gitconfig", "[user]\n\tname = mine\n");
    assert!(matches!(refused(&machine.surroundings()), Some(SetupError::Foreign { .. })));
    undo(&machine.surroundings()).unwrap();
    assert!(machine.include.exists());
}

#[test]
fn gits_own_lock_and_a_change_in_between_are_respected() {
    let machine = machines().remove(0);
    machine.write(".gitconfig.lock", "");
    let Err(SetupError::Locked { lock }) = machine.setup() else { panic!("locked") };
    assert_eq!(lock, machine.at(".gitconfig.lock"));
    assert!(lock.exists() && !machine.at(".gitconfig").exists());
    fs::remove_file(lock).unwrap();
    let plan = plan(&machine.surroundings(), &[host(URL)]).unwrap();
    machine.write(".gitconfig", "[core]\n");
    assert!(matches!(apply(&plan), Err(SetupError::ChangedMeanwhile { .. })));
    assert_eq!(machine.text(".gitconfig"), "[core]\n");
    assert!(!machine.at(".gitconfig.lock").exists(), "our own lock is given back");
}
