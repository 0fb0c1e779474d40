# shellcheck shell=bash disable=SC2153,SC2154
# The rpm: rpmbuild packs a tree that is already made.

rpm_arch() { # TARGET
  printf '%s' "${1%%-*}"
}

rpm_name() { # TARGET
  printf '%s-%s-%s.%s.rpm' "$NAME" "$VERSION" "$REVISION" "$(rpm_arch "$1")"
}

rpm() { # TARGET
  need rpmbuild "apt install rpm"
  local work=$WORK/rpm/$1 arch
  arch=$(rpm_arch "$1")
  system_tree "$1" "$work/tree" /usr/share/zsh/site-functions "/usr/share/doc/$NAME"
  install -d -m 755 "$work/tree/usr/share/licenses/$NAME"
  cp "$WORK/share/LICENSE" "$WORK/share/LICENSE-THIRD-PARTY" "$work/tree/usr/share/licenses/$NAME"
  settle "$work/tree"
  with_register "$ROOT/installers/packages/rpm.spec" >"$work/package.spec"
  rpmbuild -bb --quiet --target "$arch-linux" --buildroot "$WORK/buildroot" \
    --define "_topdir $work/top" --define "_rpmdir $work" --define '_rpmfilename package.rpm' \
    --define "_dbpath $work/db" --define "release_tree $work/tree" --define "release_version $VERSION" \
    --define "release_revision $REVISION" --define "release_maintainer $MAINTAINER" \
    --define "_binary_payload w$((LEVEL * 2)).zstdio" ${HOMEPAGE:+--define "release_homepage $HOMEPAGE"} "$work/package.spec" >"$work/log" 2>&1 || {
    cat "$work/log" >&2
    return 1
  }
  cp "$work/package.rpm" "$RELEASE/$(rpm_name "$1")"
}
