# shellcheck shell=bash disable=SC2153,SC2154
# The MSI: its tables, and its life in Wine.

MSI_PROGRAM='Program Files/git-credential-bitbucket-sso/git-credential-bitbucket-sso.exe'

msi_tables() {
  MSI=$FILES/$NAME-$VERSION-x86_64.msi
  [ -e "$MSI" ] || { echo "no MSI was built, so none is checked" >&2 && return; }
  row Property "ALLUSERS	1"
  row Property "ProductVersion	$VERSION"
  row Property "SecureCustomProperties	.*NOGITCONFIG"
  row Environment "Path	=-\*PATH	\[~\];\[INSTALLDIR\]	Program"
  row CustomAction "Register	3154	Exe	setup --system"
  row InstallExecuteSequence "Register	NOT REMOVE AND NOT NOGITCONFIG	5300"
  row InstallExecuteSequence "Unregister	REMOVE=\"ALL\" AND NOT UPGRADINGPRODUCTCODE AND NOT NOGITCONFIG	3300"
  row Registry ".*	2	Software\\\\BitbucketSso	Version	$VERSION	Program"
  msiinfo suminfo "$MSI" | grep -q 'Template: x64;1033' || fail "the MSI is not for x64"
}

row() { # TABLE LINE
  msiinfo export "$MSI" "$1" | tr -d '\r' | grep -q "^$2" || fail "the MSI's $1 lacks: $2"
}

# Installed, replaced by a newer version, removed. Policy in the registry is not the package's and stays.
msi_life() {
  [ -e "$MSI" ] || return 0
  command -v wine >/dev/null || { echo "no Wine, so the MSI is not installed" >&2 && return; }
  prefix
  in_wine reg add 'HKLM\Software\Policies\BitbucketSso' /v tenant /d acme.com /f >/dev/null
  older_msi
  msiexec /i "$OLDER" NOGITCONFIG=1 || fail "the old MSI cannot be installed"
  [ "$(installed_version)" = 0.0.1 ] || fail "the old version is not in the registry"
  msiexec /i "$MSI" || fail "the MSI cannot be installed"
  [ "$(installed_version)" = "$VERSION" ] || fail "the version is not in the registry"
  in_wine "C:/$MSI_PROGRAM" --version | grep -q "$VERSION" || fail "the program does not run"
  in_wine reg query 'HKLM\System\CurrentControlSet\Control\Session Manager\Environment' /v Path |
    grep -q "$NAME" || fail "PATH was not changed"
  ! msiexec /i "$OLDER" || fail "a newer version is replaced by an older one"
  msiexec /x "$MSI" || fail "the MSI cannot be removed"
  [ ! -e "$WINEPREFIX/drive_c/${MSI_PROGRAM%/*}" ] || fail "the MSI leaves files behind"
  in_wine reg query 'HKLM\Software\Policies\BitbucketSso' /v tenant >/dev/null || fail "removing takes the policy"
  wineserver -k || true
  wineserver -w
}

# Wine 8 lacks a library that every Rust program imports; Windows has it.
prefix() {
  export WINEPREFIX=$WORK/wine WINEDEBUG=-all WINEDLLOVERRIDES='mscoree,mshtml='
  xvfb-run -a wine wineboot --init >/dev/null 2>&1 || true
  printf '%s\n' '#include <windows.h>' 'BOOLEAN NTAPI SystemFunction036(PVOID, ULONG);' \
    '__declspec(dllexport) BOOL WINAPI ProcessPrng(PBYTE p, SIZE_T n) { return SystemFunction036(p, (ULONG)n); }' \
    >"$WORK/prng.c"
  x86_64-w64-mingw32-gcc -shared -o "$WINEPREFIX/drive_c/windows/system32/bcryptprimitives.dll" "$WORK/prng.c" -ladvapi32
}

in_wine() {
  xvfb-run -a wine "$@" 2>/dev/null | tr -d '\r'
}

msiexec() {
  xvfb-run -a wine msiexec "$1" "$(winepath -w "$2" 2>/dev/null)" /qn "${@:3}" >/dev/null 2>&1
}

# The same package with a lower version, as it would have been made then.
older_msi() {
  local made=$WORK/older-msi
  OLDER=$made/older.msi
  mkdir -p "$made"
  cp "$MSI" "$OLDER"
  msibuild "$OLDER" -q "UPDATE Property SET Value = '0.0.1' WHERE Property = 'ProductVersion'" \
    -q "UPDATE Property SET Value = '{$(uuidgen | tr '[:lower:]' '[:upper:]')}' WHERE Property = 'ProductCode'" \
    -q "UPDATE Registry SET Value = '0.0.1' WHERE Name = 'Version'" >&2
  msiinfo export "$MSI" Upgrade | sed "s/$VERSION/0.0.1/" >"$made/Upgrade.idt"
  msibuild "$OLDER" -i "$made/Upgrade.idt"
}

installed_version() {
  in_wine reg query 'HKLM\Software\BitbucketSso' /v Version | awk '$1 == "Version" {print $3}'
}
