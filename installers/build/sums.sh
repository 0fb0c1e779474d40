# shellcheck shell=bash disable=SC2153,SC2154
# The hashes of everything, their signature, and the install scripts that know the key.

# Who signs, in the form that `ssh-keygen -Y verify -f` reads; the namespace keeps the key from signing anything else.
allowed_signers() {
  [ -n "$SIGN_KEY" ] || [ -n "$TEST_KEY" ] || cannot "no key: give --sign-key"
  if [ -n "$TEST_KEY" ]; then
    test_key
  fi
  printf '%s namespaces="%s" %s' "$NAME" "$NAME" "$(cut -d ' ' -f 1,2 "$SIGN_KEY.pub")"
}

# The same one again if it is there, so that two builds can be compared.
test_key() {
  mkdir -p "$TEST_KEY"
  SIGN_KEY=$(realpath "$TEST_KEY")/release-test-key
  [ -e "$SIGN_KEY" ] || (umask 077 && ssh-keygen -q -t ed25519 -N '' -C 'throw-away test key' -f "$SIGN_KEY")
}

scripts() {
  local signers found=''
  need ssh-keygen "apt install openssh-client"
  signers=$(allowed_signers)
  for script in install.sh install.ps1; do
    [ -e "$ROOT/installers/$script" ] || continue
    found=1
    sed -e "s|@ALLOWED_SIGNERS@|$signers|" ${BASE_URL:+-e "s|@BASE_URL@|$BASE_URL|"} "$ROOT/installers/$script" \
      >"$RELEASE/$script"
    cp "$RELEASE/$script" "$OUT/$script"
  done
  [ -n "$found" ] || cannot "there is no install script"
}

sums() {
  (cd "$RELEASE" && find . -type f ! -name 'SHA256SUMS*' -printf '%P\n' | sort | xargs -d '\n' sha256sum >"$WORK/sums")
  cp "$WORK/sums" "$RELEASE/SHA256SUMS"
}

signature() {
  need ssh-keygen "apt install openssh-client"
  allowed_signers >"$WORK/signers"
  [ -z "$TEST_KEY" ] || test_key
  rm -f "$WORK/SHA256SUMS.sig"
  cp "$RELEASE/SHA256SUMS" "$WORK/SHA256SUMS"
  ssh-keygen -Y sign -q -f "$SIGN_KEY" -n "$NAME" "$WORK/SHA256SUMS"
  ssh-keygen -Y verify -q -f "$WORK/signers" -I "$NAME" -n "$NAME" -s "$WORK/SHA256SUMS.sig" <"$RELEASE/SHA256SUMS"
  cp "$WORK/SHA256SUMS.sig" "$RELEASE/SHA256SUMS.sig"
}
