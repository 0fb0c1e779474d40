# The registration with git for all users: a fallback, since a helper in a user's own configuration wins over it.
# shellcheck shell=sh
# It follows what /etc/bitbucket-sso says, is written again when that changes, and never fails a package.

say() {
  echo "git-credential-bitbucket-sso: $1"
}

# Without the caller's environment: neither GIT_CONFIG_* nor root's own settings decide for the machine.
helper() {
  (cd / && env -i PATH="$PATH" LC_ALL=C /usr/bin/git-credential-bitbucket-sso "$@" 2>&1)
}

left_alone() {
  [ -e /etc/bitbucket-sso/no-git-config ] || [ -n "${BITBUCKET_SSO_NO_GIT_CONFIG:-}" ]
}

register() {
  if left_alone; then
    say "git's configuration is left alone, as asked"
  elif ! command -v git >/dev/null 2>&1; then
    say "git is not there yet; once it is, it is told"
  elif said=$(helper setup --system); then
    say "registered with git for all users"
  else
    case $said in
      *'[no-hosts]'*)
        helper unsetup --system >/dev/null || true
        say "no host is configured yet; git is told once a file in /etc/bitbucket-sso names one"
        ;;
      *) say "git could not be told, the package is installed all the same: $said" ;;
    esac
  fi
}

unregister() {
  if left_alone; then
    say "git's configuration is left alone, as asked"
  elif command -v git >/dev/null 2>&1; then
    said=$(helper unsetup --system) || say "git's configuration could not be cleaned: $said"
  fi
}
