# shellcheck shell=bash disable=SC2153,SC2154
# An rpm's life in a chroot, where its scripts run. No dependency is resolved: that is dnf's work.

rpm_life() {
  RPM=$(echo "$FILES"/*."$(uname -m)".rpm)
  [ "$(command rpm -qp --nosignature --qf '%{LICENSE}|%{SIZE}' "$RPM" 2>/dev/null | cut -d '|' -f 1)" = "MIT OR Apache-2.0" ] ||
    fail "the rpm has no licence"
  rpm_machine
  says "git is not there yet" in_rpm -ivh --nodeps "$RPM"
  ! in_rpm -V --nodeps "$NAME" 2>&1 | grep -v "^warning" || fail "rpm -V complains"
  in_rpm -e "$NAME" || fail "the rpm cannot be erased"
  nothing_left
  install_git
  in_rpm -i --nodeps "$RPM" >/dev/null 2>&1
  not_registered "no policy yet"
  in_rpm -i --nodeps "$(organisation_rpm)" || fail "the policy cannot be installed"
  registered "the policy came as a package"
  rpm_upgraded
  in_rpm -e acme-sso
  not_registered "the policy is gone"
  policy policy.d
  says "registered with git" in_rpm -U --nodeps --replacepkgs "$RPM.newer"
  in_rpm -e "$NAME" || fail "the rpm cannot be erased"
  not_registered "erased"
  [ -e "$ROOT/etc/bitbucket-sso/policy.d/50-organisation.toml" ] || fail "erasing takes the policy"
  rm -rf "$ROOT/etc/bitbucket-sso"
  nothing_left
}

rpm_machine() {
  machine rpm
  in_rpm --initdb
  RPM_COPY=$WORK/$(basename "$RPM")
  cp "$RPM" "$RPM_COPY"
  RPM=$RPM_COPY
}

in_rpm() {
  env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin LC_ALL=C rpm --root "$ROOT" "$@"
}

# The next packaging revision: `$1` of %preun is 1, so that git stays told.
rpm_upgraded() {
  local binary=$WORK/program
  (cd "$WORK" && tar -xzf "$FILES/$NAME-$VERSION-$TARGET.tar.gz" && cp "$NAME-$VERSION-$TARGET/$NAME" "$binary")
  installers/release --quick --revision 2 --out "$WORK/revision" --targets "$TARGET" --binary "$TARGET=$binary" >/dev/null
  cp "$WORK/revision/v$VERSION/"*.rpm "$RPM.newer"
  in_rpm -U --nodeps "$RPM.newer" >/dev/null || fail "the rpm cannot be upgraded"
  [ "$(in_rpm -q --qf '%{RELEASE}' "$NAME")" = 2 ] || fail "the old rpm is still there"
  registered "upgraded"
}

organisation_rpm() {
  local top=$WORK/organisation-rpm
  mkdir -p "$top"
  cp installers/packages/organisation.toml "$top"
  cat >"$top/acme.spec" <<SPEC
Name: acme-sso
Version: 1
Release: 1
Summary: policy
License: none
BuildArch: noarch
%description
Policy.
%install
install -D -m 644 $top/organisation.toml %{buildroot}/etc/bitbucket-sso/policy.d/90-acme.toml
%files
/etc/bitbucket-sso/policy.d/90-acme.toml
SPEC
  rpmbuild -bb --quiet --define "_topdir $top/top" --define "_rpmdir $top" --define '_rpmfilename acme.rpm' \
    "$top/acme.spec" >"$top/log" 2>&1 || fail "$(cat "$top/log")"
  printf '%s' "$top/acme.rpm"
}

