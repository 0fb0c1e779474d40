# shellcheck shell=bash disable=SC2153,SC2154
# A .deb's life in a chroot. Never with `dpkg --root` on this machine: its scripts would run here.

deb_life() {
  DEB=$(echo "$FILES"/*_"$(dpkg --print-architecture)".deb)
  lintian --allow-root --fail-on error,warning "$DEB" || fail "lintian complains"
  deb_without_git
  deb_with_git
  deb_upgraded
  deb_left_alone
  deb_with_a_broken_git
  deb_into_another_root
}

deb_machine() { # NAME [git]
  machine "$@"
  mkdir "$ROOT/packages"
  cp "$DEB" "$ROOT/packages/new.deb"
  older_deb "$ROOT/packages/old.deb"
  organisation_deb "$ROOT/packages/organisation.deb"
}

# The same package with a lower version.
older_deb() { # FILE
  dpkg-deb -R "$DEB" "$WORK/older-tree"
  sed -i 's/^Version: .*/Version: 0.0.1-1/' "$WORK/older-tree/DEBIAN/control"
  dpkg-deb --root-owner-group -Zgzip --build "$WORK/older-tree" "$1" >/dev/null
  rm -r "$WORK/older-tree"
}

# What an organisation would deploy beside ours: a package with a policy.
organisation_deb() { # FILE
  local tree=$WORK/organisation
  install -D -m 644 installers/packages/organisation.toml "$tree/etc/bitbucket-sso/policy.d/90-acme.toml"
  mkdir "$tree/DEBIAN"
  printf 'Package: acme-sso\nVersion: 1\nArchitecture: all\nMaintainer: IT <it@acme.com>\nDescription: policy\n' \
    >"$tree/DEBIAN/control"
  dpkg-deb --root-owner-group -Zgzip --build "$tree" "$1" >/dev/null
  rm -r "$tree"
}

# Ours first, then git, then the policy: git is told as soon as all three are there.
deb_without_git() {
  deb_machine bare
  says "git is not there yet" on dpkg -i /packages/new.deb
  says "$VERSION" on "$NAME" --version
  [ -z "$(on dpkg -V "$NAME")" ] || fail "dpkg -V complains"
  install_git
  not_registered "no policy yet"
  on dpkg -i /packages/organisation.deb >"$WORK/log" 2>&1 || fail "$(cat "$WORK/log")"
  registered "the policy came last"
  on dpkg -P acme-sso >/dev/null 2>&1
  not_registered "the policy is gone"
  on dpkg -P "$NAME" >/dev/null 2>&1
  nothing_left
}

deb_with_git() {
  deb_machine full git
  printf '[core]\n\tlongpaths = true' >"$ROOT/etc/gitconfig"
  cp "$ROOT/etc/gitconfig" "$WORK/gitconfig"
  policy config.d
  says "registered with git" on dpkg -i /packages/new.deb
  registered "git and policy were there"
  local before
  before=$(stat -c '%i %Y' "$ROOT/etc/gitconfig" "$ROOT/etc/bitbucket-sso/gitconfig")
  says "registered with git" on dpkg -i /packages/new.deb
  [ "$before" = "$(stat -c '%i %Y' "$ROOT/etc/gitconfig" "$ROOT/etc/bitbucket-sso/gitconfig")" ] ||
    fail "a second installation writes git's configuration again"
  [ "$(stat -c '%U:%G %a' "$ROOT/etc/bitbucket-sso/policy.d")" = "root:root 755" ] || fail "policy.d is open"
  on dpkg -r "$NAME" >/dev/null 2>&1
  cmp "$WORK/gitconfig" "$ROOT/etc/gitconfig" || fail "git's configuration is not as it was"
  [ -e "$ROOT/etc/bitbucket-sso/config.d/50-organisation.toml" ] || fail "removing takes the configuration"
  on dpkg -i /packages/new.deb /packages/organisation.deb >/dev/null 2>&1
  on dpkg -P "$NAME" >/dev/null 2>&1
  [ -e "$ROOT/etc/bitbucket-sso/policy.d/90-acme.toml" ] || fail "purging takes another package's policy"
  [ ! -e "$ROOT/etc/bitbucket-sso/config.d/50-organisation.toml" ] || fail "purging leaves configuration"
  on dpkg -P acme-sso >/dev/null 2>&1
  nothing_left
}

deb_upgraded() {
  deb_machine older git
  policy policy.d
  on dpkg -i /packages/old.deb >/dev/null 2>&1
  registered "the old version"
  local before
  before=$(stat -c %i "$ROOT/etc/gitconfig")
  says "over (0.0.1-1)" on dpkg -i /packages/new.deb
  registered "the upgrade"
  [ "$before" = "$(stat -c %i "$ROOT/etc/gitconfig")" ] || fail "the upgrade rewrites git's configuration"
  on dpkg -P "$NAME" >/dev/null 2>&1
  nothing_left
}

deb_left_alone() {
  deb_machine alone git
  policy policy.d
  touch "$ROOT/etc/bitbucket-sso/no-git-config"
  says "left alone, as asked" on dpkg -i /packages/new.deb
  [ ! -e "$ROOT/etc/gitconfig" ] || fail "git's configuration was not left alone"
  says "left alone, as asked" on dpkg -P "$NAME"
  says "left alone, as asked" on env BITBUCKET_SSO_NO_GIT_CONFIG=1 dpkg -i /packages/new.deb
  [ ! -e "$ROOT/etc/gitconfig" ] || fail "git's configuration was not left alone"
}

deb_with_a_broken_git() {
  deb_machine broken
  printf '#!/bin/sh\nexit 1\n' >"$ROOT/usr/bin/git"
  chmod 755 "$ROOT/usr/bin/git"
  policy policy.d
  says "git could not be told, the package is installed all the same" on dpkg -i /packages/new.deb
  says "$VERSION" on "$NAME" --version
  on dpkg -P "$NAME" >/dev/null 2>&1 || fail "a broken git keeps the package from being purged"
}

# `dpkg --root` runs the scripts on the machine itself with DPKG_ROOT: here that machine is a chroot, too.
deb_into_another_root() {
  deb_machine host git
  policy policy.d
  mkdir -p "$ROOT/other/var/lib/dpkg/updates" "$ROOT/other/var/lib/dpkg/info" "$ROOT/other/var/lib/dpkg/triggers"
  touch "$ROOT/other/var/lib/dpkg/status" "$ROOT/other/var/lib/dpkg/available"
  install -D -m 755 "$ROOT/usr/bin/true" "$ROOT/usr/bin/$NAME"
  on dpkg --root=/other --force-script-chrootless --force-depends -i /packages/new.deb >"$WORK/log" 2>&1 ||
    fail "$(cat "$WORK/log")"
  [ -x "$ROOT/other/usr/bin/$NAME" ] || fail "nothing was installed below the other root"
  cp "$ROOT/other/usr/bin/$NAME" "$ROOT/usr/bin/$NAME"
  on dpkg --root=/other --force-script-chrootless --force-depends -i /packages/new.deb >"$WORK/log" 2>&1
  on dpkg --root=/other --force-script-chrootless -P "$NAME" >>"$WORK/log" 2>&1 || fail "$(cat "$WORK/log")"
  [ ! -e "$ROOT/etc/gitconfig" ] || fail "the host's git was told"
  [ -e "$ROOT/etc/bitbucket-sso/policy.d/50-organisation.toml" ] || fail "the host's policy was purged"
}
