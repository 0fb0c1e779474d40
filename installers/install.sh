#!/bin/sh
# Installs git-credential-bitbucket-sso: fetches a release, verifies its signature and its checksum, and lets the
# program put itself in place. `install.sh --help` says what it takes; docs/install.md says the rest.
# All of it is functions, and the last line runs them: a download that was cut short does nothing.

settings() {
  PROGRAM=git-credential-bitbucket-sso
  # The release fills in these two. Neither an option nor the environment replaces the keys or turns them off.
  ALLOWED_SIGNERS='@ALLOWED_SIGNERS@'
  DEFAULT_BASE_URL='@BASE_URL@'
  NAMESPACE=git-credential-bitbucket-sso
  # Every option has a variable.
  version=${BITBUCKET_SSO_INSTALL_VERSION:-}
  base_url=${BITBUCKET_SSO_INSTALL_BASE_URL:-}
  from_source=${BITBUCKET_SSO_INSTALL_FROM_SOURCE:-}
  config=${BITBUCKET_SSO_INSTALL_CONFIG:-}
  config_sha256=${BITBUCKET_SSO_INSTALL_CONFIG_SHA256:-}
  bin_dir=${BITBUCKET_SSO_INSTALL_BIN_DIR:-}
  for name in SYSTEM NO_GIT_CONFIG DRY_RUN UNINSTALL PURGE YES QUIET; do
    switch "$name"
  done
  stage=
  umask 022
  # What these hold would reach tar and gzip.
  unset TAR_OPTIONS GZIP CDPATH
}

main() {
  set -eu
  settings
  options "$@"
  if [ "$uninstall" = 1 ]; then
    uninstall
    return
  fi
  place
  trap 'leave $?' EXIT
  trap 'exit 129' HUP
  trap 'exit 130' INT
  trap 'exit 143' TERM
  if [ -n "$from_source" ]; then
    build
  else
    release
  fi
  try_out
  put_in_place
  configure
}

usage() {
  cat <<'END'
usage: install.sh [OPTIONS]
  --system              for every user of this machine, below /usr/local; needs root
  --version V           this version, an older one too; without it, the newest
  --base-url URL        where releases are: https://..., or file:///DIR
  --from-source DIR     build the checkout in DIR with cargo instead of fetching a release
  --config URL|FILE     then configure: setup --from URL|FILE
  --config-sha256 HEX   the configuration to agree to, for --yes
  --no-git-config       leave git's configuration alone
  --bin-dir DIR         put the program there; without it ~/.local/bin
  --dry-run             only say what would be done; writes nothing
  --uninstall           take back what was installed
  --purge               with --uninstall: sign out, remove configuration, state and audit trail
  --yes                 ask nothing
  --quiet               say only what went wrong
  --help                this
Every option has a variable: BITBUCKET_SSO_INSTALL_BASE_URL=..., BITBUCKET_SSO_INSTALL_DRY_RUN=1
exit codes: 0 done or nothing to do, 2 usage, 3 platform, 4 download, 5 verification, 6 permission or room,
7 installed, but configuring or doctor failed
END
}

# Sets e.g. dry_run to 1 or 0 by BITBUCKET_SSO_INSTALL_DRY_RUN.
switch() {
  eval "value=\${BITBUCKET_SSO_INSTALL_$1:-}"
  case $value in
    1 | true | yes) value=1 ;;
    '' | 0 | false | no) value=0 ;;
    *) fail 2 "BITBUCKET_SSO_INSTALL_$1 must be 1 or 0" ;;
  esac
  case $1 in
    SYSTEM) system=$value ;;
    NO_GIT_CONFIG) no_git_config=$value ;;
    DRY_RUN) dry_run=$value ;;
    UNINSTALL) uninstall=$value ;;
    PURGE) purge=$value ;;
    YES) yes=$value ;;
    QUIET) quiet=$value ;;
  esac
}

options() {
  while [ $# -gt 0 ]; do
    case $1 in
      --system) system=1 ;;
      --no-git-config) no_git_config=1 ;;
      --dry-run) dry_run=1 ;;
      --uninstall) uninstall=1 ;;
      --purge) purge=1 ;;
      --yes | -y) yes=1 ;;
      --quiet | -q) quiet=1 ;;
      --help | -h)
        usage
        exit 0
        ;;
      --version | --base-url | --from-source | --config | --config-sha256 | --bin-dir)
        case ${2:-} in
          '') fail 2 "$1 needs a value" ;;
        esac
        take "$1" "$2"
        shift
        ;;
      --*=?*) take "${1%%=*}" "${1#*=}" ;;
      *) fail 2 "unknown option $1; --help shows them" ;;
    esac
    shift
  done
  agree
}

take() {
  case $1 in
    --version) version=$2 ;;
    --base-url) base_url=$2 ;;
    --from-source) from_source=$2 ;;
    --config) config=$2 ;;
    --config-sha256) config_sha256=$2 ;;
    --bin-dir) bin_dir=$2 ;;
    *) fail 2 "unknown option $1; --help shows them" ;;
  esac
}

# What does not go together is no guess of ours.
agree() {
  [ "$purge" = 0 ] || [ "$uninstall" = 1 ] || fail 2 "--purge goes with --uninstall"
  [ "$purge" = 0 ] || [ "$system" = 0 ] || fail 2 "--purge is about one user; it does not go with --system"
  [ -z "$config" ] || [ "$no_git_config" = 0 ] || fail 2 "--config registers with git; it does not go with --no-git-config"
  [ -z "$config" ] || [ "$yes" = 0 ] || [ -n "$config_sha256" ] || fail 2 "--yes with --config needs --config-sha256"
  [ -z "$from_source" ] || [ -z "$version$base_url" ] || fail 2 "--from-source goes with neither --version nor --base-url"
  version=${version#v}
  # Only a version that somebody names may be older than the one that is there.
  named=$version
  [ -z "$version" ] || is_version "$version" || fail 2 "--version $version is no version"
  case $DEFAULT_BASE_URL in
    @*) ;;
    *) base_url=${base_url:-$DEFAULT_BASE_URL} ;;
  esac
  base_url=${base_url%/}
  if [ "$uninstall" = 1 ] || [ -n "$from_source" ]; then
    return
  fi
  case $base_url in
    https://?* | file:///?*) ;;
    '') fail 2 "where are the releases? name them: --base-url https://... or --base-url file:///DIR" ;;
    *) fail 2 "--base-url must begin with https:// or file:///" ;;
  esac
}

is_version() {
  case $1 in
    *[!0-9A-Za-z.-]* | [!0-9]* | '' | *..*) return 1 ;;
    *.*.*) return 0 ;;
    *) return 1 ;;
  esac
}

# Where the program goes, and whether it may.
place() {
  if [ "$system" = 1 ]; then
    bin_dir=${bin_dir:-/usr/local/bin}
  else
    [ -n "${HOME:-}" ] || fail 2 "HOME is not set; set it, or add --system as root"
    # shellcheck disable=SC2012 # the one portable way to ask for an owner
    owner=$(ls -nd "$HOME/" 2>/dev/null | awk '{ print $3 }')
    [ "$owner" = "$(id -u)" ] || fail 6 "HOME is $HOME, which is not yours; run it as its owner, without sudo, or add --system"
    bin_dir=${bin_dir:-${XDG_BIN_HOME:-$HOME/.local/bin}}
  fi
  case $bin_dir in
    /*) ;;
    *) bin_dir=$(pwd)/$bin_dir ;;
  esac
  target=$bin_dir/$PROGRAM
}

# Everything is staged in the directory that the program is for: on its file system, and where programs may run.
stage() {
  # mktemp makes it for us alone, so nobody changes what was verified before it is run.
  mkdir -p "$bin_dir" 2>/dev/null || denied
  stage=$(mktemp -d "$bin_dir/.bitbucket-sso-install.XXXXXX" 2>/dev/null) || denied
}

denied() {
  if [ "$system" = 1 ] && [ "$(id -u)" != 0 ]; then
    fail 6 "$bin_dir cannot be written; --system needs root, and this script asks nobody for it. Run it as root, e.g.:
  sudo sh install.sh --system"
  fi
  fail 6 "$bin_dir cannot be written; it must be yours, writable, with room left (or name another: --bin-dir DIR)"
}

leave() {
  [ -z "$stage" ] || rm -rf "$stage"
  trap - EXIT
  exit "$1"
}

release() {
  platform
  case $ALLOWED_SIGNERS in
    @*) fail 5 "this script holds no release key, so nothing that it fetches can be verified. Take install.sh from a release; --from-source DIR needs no key" ;;
  esac
  [ -n "$version" ] || newest
  archive=$PROGRAM-$version-$platform.tar.gz
  if [ "$dry_run" = 1 ]; then
    say "would fetch $base_url/v$version/$archive"
    say "would verify it by SHA256SUMS and SHA256SUMS.sig beside it"
    say "would install $target, manual pages and completions"
    [ "$no_git_config" = 1 ] || say "would register it with git for the hosts that are configured"
    [ -z "$config" ] || say "would then run: $target setup --from $config"
    exit 0
  fi
  verifiers
  stage
  fetch "v$version/SHA256SUMS" "$stage/SHA256SUMS" || fail 4 "there is no release $version at $base_url"
  fetch "v$version/SHA256SUMS.sig" "$stage/SHA256SUMS.sig" || fail 5 "release $version at $base_url has no signature, so it is not installed"
  signed
  listed
  fetch "v$version/$archive" "$stage/$archive" || fail 4 "$base_url/v$version/$archive could not be fetched"
  summed
  unpack
}

platform() {
  system_name=$(uname -s) machine=$(uname -m)
  if [ "$system_name" = Darwin ] && [ "$(sysctl -n hw.optional.arm64 2>/dev/null || true)" = 1 ]; then
    # Under Rosetta uname says x86_64.
    machine=arm64
  fi
  case $machine in
    x86_64 | amd64) machine=x86_64 ;;
    aarch64 | arm64) machine=aarch64 ;;
    *) fail 3 "there is no release for $system_name on $machine; --from-source DIR builds one" ;;
  esac
  case $system_name in
    Linux) platform=$machine-unknown-linux-musl ;;
    Darwin) platform=$machine-apple-darwin ;;
    MINGW* | MSYS* | CYGWIN*) fail 3 "on Windows run install.ps1 in PowerShell" ;;
    *) fail 3 "there is no release for $system_name on $machine; --from-source DIR builds one" ;;
  esac
}

newest() {
  version=$(fetch latest - | head -c 100) || version=
  version=${version#v}
  is_version "$version" || fail 4 "$base_url/latest could not be fetched, or names no version. Check the network, HTTPS_PROXY and CURL_CA_BUNDLE"
}

# To a file, or to standard output for `-`.
fetch() {
  case $base_url in
    file://*)
      if [ "$2" = - ]; then cat "${base_url#file://}/$1" 2>/dev/null; else copy "${base_url#file://}/$1" "$2"; fi
      ;;
    *) download "$base_url/$1" "$2" ;;
  esac
}

copy() {
  [ -r "$1" ] && [ -f "$1" ] || return 1
  cp "$1" "$2" 2>/dev/null || denied
}

# Proxies come from the environment. curl's and wget's own settings are left out: they could turn verification off.
download() {
  if have curl; then
    code=0
    curl -q --proto '=https' --proto-redir '=https' --tlsv1.2 --fail --silent --show-error --location --max-redirs 5 \
      --retry 2 --connect-timeout 20 --max-time 900 --output "$2" -- "$1" || code=$?
    # 23: the file could not be written.
    [ "$code" != 23 ] || denied
    return "$code"
  fi
  wget --version 2>/dev/null | grep -q '^GNU Wget' || fail 4 "curl (or GNU wget) is needed to fetch a release"
  ca=${CURL_CA_BUNDLE:-${SSL_CERT_FILE:-}}
  set -- "$1" "$2" ${ca:+"--ca-certificate=$ca"}
  from=$1 to=$2
  shift 2
  # wget would follow a redirect to http.
  wget --no-config --no-verbose --secure-protocol=TLSv1_2 --max-redirect=0 --no-hsts --tries=2 --timeout=20 "$@" \
    --output-document="$to" "$from"
}

# Without both nothing is verified, so nothing is installed.
verifiers() {
  have ssh-keygen || fail 5 "ssh-keygen is missing, so the signature cannot be verified; install OpenSSH's client"
  have sha256sum || have shasum || fail 5 "sha256sum (or shasum) is missing, so the download cannot be verified"
}

signed() {
  printf '%s\n' "$ALLOWED_SIGNERS" >"$stage/allowed_signers" || denied
  ssh-keygen -Y verify -f "$stage/allowed_signers" -I "${ALLOWED_SIGNERS%% *}" -n "$NAMESPACE" \
    -s "$stage/SHA256SUMS.sig" <"$stage/SHA256SUMS" >/dev/null 2>&1 ||
    fail 5 "the signature of release $version at $base_url is not that of the release key, so it is not installed"
}

listed() {
  expected=$(awk -v name="$archive" '$2 == name || $2 == "*" name { print $1 }' "$stage/SHA256SUMS")
  [ -n "$expected" ] || fail 3 "release $version has no $archive"
  [ "${#expected}" = 64 ] || fail 5 "SHA256SUMS of release $version makes no sense"
}

summed() {
  if have sha256sum; then
    found=$(sha256sum <"$stage/$archive")
  else
    found=$(shasum -a 256 <"$stage/$archive")
  fi
  [ "${found%% *}" = "$expected" ] || fail 5 "$archive is not the file that was released, so it is not installed"
}

unpack() {
  (cd "$stage" && gzip -dc "$archive" 2>/dev/null | tar -xf - "${archive%.tar.gz}/$PROGRAM" 2>/dev/null) || denied
  mv "$stage/${archive%.tar.gz}/$PROGRAM" "$stage/$PROGRAM" 2>/dev/null || denied
}

build() {
  have cargo || fail 3 "cargo is needed to build from source"
  [ -f "$from_source/Cargo.toml" ] || fail 2 "$from_source holds no Cargo.toml"
  if [ "$dry_run" = 1 ]; then
    say "would build $from_source with cargo and install $target, manual pages and completions"
    exit 0
  fi
  stage
  built=${CARGO_TARGET_DIR:-$from_source/target}
  (unset CARGO_BUILD_TARGET && cargo build --locked --release --bin "$PROGRAM" \
    --manifest-path "$from_source/Cargo.toml" --target-dir "$built") >&2 || fail 3 "cargo could not build $from_source"
  cp "$built/release/$PROGRAM" "$stage/$PROGRAM" 2>/dev/null || denied
}

# A program that does not run here replaces none that does.
try_out() {
  chmod 755 "$stage/$PROGRAM"
  said=$("$stage/$PROGRAM" --version 2>/dev/null) || fail 3 "the program does not run here (noexec, or another kind of machine)"
  case $said in
    *" $version") ;;
    *) [ -n "$from_source" ] || fail 5 "the program in $archive says that it is: $said" ;;
  esac
}

put_in_place() {
  set -- --bin-dir "$bin_dir"
  [ "$system" = 0 ] || set -- "$@" --system
  [ "$no_git_config" = 0 ] || set -- "$@" --no-git-config
  [ -z "$named" ] || set -- "$@" --allow-downgrade
  code=0
  done_so_far=$("$stage/$PROGRAM" self install "$@") || code=$?
  [ -z "$done_so_far" ] || say "$done_so_far"
  [ "$code" = 0 ] || {
    cmp -s "$stage/$PROGRAM" "$target" && fail 7 "$target is installed, but not registered with git"
    fail 6 "$target was not installed"
  }
}

# Only where there is something to configure: what is wrong with a machine without configuration is known.
configure() {
  [ -n "$config" ] || return 0
  set -- --from "$config"
  [ "$system" = 0 ] || set -- "$@" --system
  [ "$yes" = 0 ] || set -- "$@" --yes --sha256 "$config_sha256"
  tries=0
  while :; do
    code=0
    done_so_far=$("$target" setup "$@") || code=$?
    # 6: another installation holds git's lock, or the network is slow.
    if [ "$code" != 6 ] || [ "$tries" = 5 ]; then
      break
    fi
    tries=$((tries + 1))
    sleep 1
  done
  [ -z "$done_so_far" ] || say "$done_so_far"
  [ "$code" = 0 ] || fail 7 "$target is installed, but setup --from $config failed"
  findings=$("$target" doctor --offline) || {
    printf '%s\n' "$findings" >&2
    fail 7 "$target is installed, but doctor found what stands in the way"
  }
}

uninstall() {
  place
  [ -x "$target" ] || {
    say "$target is not there; nothing to uninstall"
    return 0
  }
  set --
  [ "$system" = 0 ] || set -- "$@" --system
  [ "$purge" = 0 ] || set -- "$@" --purge
  if [ "$dry_run" = 1 ]; then
    say "would run: $target self uninstall $*"
    return 0
  fi
  code=0
  done_so_far=$("$target" self uninstall "$@") || code=$?
  [ -z "$done_so_far" ] || say "$done_so_far"
  [ "$code" = 0 ] || fail 6 "$target could not be uninstalled altogether"
}

have() {
  command -v "$1" >/dev/null 2>&1
}

say() {
  [ "$quiet" = 1 ] || printf '%s\n' "$1"
}

fail() {
  printf 'install.sh: %s\n' "$2" >&2
  exit "$1"
}

# In braces, as a last line that was cut short would be `main` without what was asked for.
{ main "$@"; }
