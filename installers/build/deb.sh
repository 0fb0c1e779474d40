# shellcheck shell=bash disable=SC2153,SC2154
# The Debian package, by dpkg-deb alone.

deb_arch() { # TARGET
  case $1 in x86_64-*) printf amd64 ;; aarch64-*) printf arm64 ;; esac
}

deb_name() { # TARGET
  printf '%s_%s-%s_%s.deb' "$NAME" "$VERSION" "$REVISION" "$(deb_arch "$1")"
}

deb() { # TARGET
  need dpkg-deb "apt install dpkg"
  local root=$WORK/deb/$1
  system_tree "$1" "$root" /usr/share/zsh/vendor-completions "/usr/share/doc/$NAME"
  deb_papers "$root"
  deb_control "$root" "$(deb_arch "$1")"
  settle "$root"
  dpkg-deb --root-owner-group -Zxz "-z$LEVEL" --threads-max=1 --build "$root" "$RELEASE/$(deb_name "$1")" >/dev/null
}

# What .deb and .rpm put where.
system_tree() { # TARGET ROOT ZSH-DIRECTORY DOC-DIRECTORY
  local share=$WORK/share usr=$2/usr/share
  needs_program "$1"
  needs_share
  install -D -m 755 "$(program "$1")" "$2/usr/bin/$NAME"
  install -d -m 755 "$2/etc/bitbucket-sso/policy.d" "$2/etc/bitbucket-sso/config.d" "$usr/man/man1" "$2$4"
  for page in "$share"/man/*; do
    gzip -9n <"$page" >"$usr/man/man1/${page##*/}.gz"
  done
  install -D -m 644 "$share/completions/bash" "$usr/bash-completion/completions/$NAME"
  install -D -m 644 "$share/completions/zsh" "$2$3/_$NAME"
  install -D -m 644 "$share/completions/fish" "$usr/fish/vendor_completions.d/$NAME.fish"
  cp -R "$share/README.md" "$share/docs" "$share/examples" "$2$4"
  cp "$share/completions/powershell" "$2$4/examples/$NAME.ps1"
  chmod -R u=rwX,go=rX "$2"
}

# Copyright and changelog at the places that Debian's policy names.
deb_papers() { # ROOT
  local doc=$1/usr/share/doc/$NAME
  {
    printf 'Format: https://www.debian.org/doc/packaging-manuals/copyright-format/1.0/\n'
    printf 'Upstream-Name: %s\n\nFiles: *\nCopyright: the %s authors\n' "$NAME" "$NAME"
    printf 'License: Expat or Apache-2.0\nComment:\n The libraries in the program: LICENSE-THIRD-PARTY.gz beside this file.\n\n'
    printf 'License: Apache-2.0\n On Debian systems the text is in /usr/share/common-licenses/Apache-2.0.\n\nLicense: Expat\n'
    sed -n '/^Copyright (c)/,/^=====/{/^=====/!p}' "$WORK/share/LICENSE" | sed '${/^$/d}; s/^$/./; s/^/ /'
  } >"$doc/copyright"
  gzip -9n <"$WORK/share/LICENSE-THIRD-PARTY" >"$doc/LICENSE-THIRD-PARTY.gz"
  printf '%s (%s-%s) stable; urgency=medium\n\n  * Release %s.\n\n -- %s  %s\n' "$NAME" "$VERSION" "$REVISION" \
    "$VERSION" "$MAINTAINER" "$(date -u -R -d "@$SOURCE_DATE_EPOCH")" | gzip -9n >"$doc/changelog.Debian.gz"
  install -D -m 644 "$ROOT/installers/packages/deb-lintian-overrides" "$1/usr/share/lintian/overrides/$NAME"
}

deb_control() { # ROOT ARCHITECTURE
  local control=$1/DEBIAN
  mkdir -p "$control"
  cat >"$control/control" <<CONTROL
Package: $NAME
Version: $VERSION-$REVISION
Architecture: $2
Maintainer: $MAINTAINER
Installed-Size: $(du -sk --apparent-size "$1/usr" | cut -f 1)
Recommends: ca-certificates, git
Section: vcs
Priority: optional
${HOMEPAGE:+Homepage: $HOMEPAGE
}Description: git clone from Bitbucket with a Microsoft Entra ID sign-in
 Git calls this credential helper by itself. It signs a developer in to Entra ID
 once a day, by browser or device code, keeps refresh tokens in the keyring of
 the system, and answers git with short-lived Bitbucket tokens, for Bitbucket
 Cloud and Data Center.
CONTROL
  cp "$ROOT/installers/packages/deb-triggers" "$control/triggers"
  for script in postinst prerm postrm; do
    with_register "$ROOT/installers/packages/deb-$script" >"$control/$script"
    chmod 755 "$control/$script"
  done
  (cd "$1" && find usr -type f | sort | xargs -d '\n' md5sum) >"$control/md5sums"
}

# A script of a package with the registration in the place of its marker.
with_register() { # FILE
  sed -e "/^@REGISTER@$/{
    r $ROOT/installers/packages/register.sh
    d
  }" "$1"
}
