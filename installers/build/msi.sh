# shellcheck shell=bash disable=SC2153,SC2154
# The MSI by wixl, and after it the tables that wixl does not write.

msi_name() { # TARGET
  printf '%s-%s-%s.msi' "$NAME" "$VERSION" "${1%%-*}"
}

# What must be the same for the same version, and differ between versions: RFC 4122 version 5.
uuid() { # NAME
  uuidgen --sha1 --namespace @dns --name "$1.$NAME.invalid" | tr '[:lower:]' '[:upper:]'
}

product_code() { # TARGET
  printf '{%s}' "$(uuid "product.$VERSION.${1%%-*}")"
}

upgrade_code() { # TARGET
  printf '{%s}' "$(uuid "upgrade.${1%%-*}")"
}

msi() { # TARGET
  need wixl "apt install wixl"
  need msibuild "apt install msitools"
  need uuidgen "apt install uuid-runtime"
  local work=$WORK/msi/$1
  tree "$1" "$work/tree"
  msi_source "$work/tree" >"$work/package.wxs"
  # wixl takes only sources that are named from where the description lies.
  cd "$work" || return
  frozen wixl -a x64 -o package.msi -D "ProductCode=$(product_code "$1")" \
    -D "UpgradeCode=$(upgrade_code "$1")" -D "ProgramGuid={$(uuid component.program)}" -D "Version=$VERSION" \
    -D "Manufacturer=${MAINTAINER%% <*}" package.wxs
  msi_tables "$work/package.msi" "$work"
  frozen msibuild "$work/package.msi" -s "$NAME $VERSION" "${MAINTAINER%% <*}" 'x64;1033' \
    "{$(uuid "package.$(sha256sum <"$work/tree/$NAME.exe" | cut -c 1-64 | fold -w 32 | paste -s -d .)")}"
  install -m 644 "$work/package.msi" "$RELEASE/$(msi_name "$1")"
}

# wixl and msibuild write the time of day into the file; they get the time of the last commit for it.
frozen() { # COMMAND...
  need faketime "apt install faketime"
  faketime -f "@$(date -u -d "@$SOURCE_DATE_EPOCH" '+%Y-%m-%d %H:%M:%S') x0.000001" "$@"
}

# A component for each file beside the program: the only way to have each repaired and removed by itself.
msi_source() { # TREE
  local file id files='' docs='' references=''
  while IFS= read -r file; do
    id=$(printf 'F_%s' "$file" | tr -c 'A-Za-z0-9_.' _)
    element="<Component Id=\"C$id\" Guid=\"{$(uuid "component.$id")}\" Win64=\"yes\"><File Id=\"$id\" Name=\"${file##*/}\" Source=\"tree/$file\" KeyPath=\"yes\"/></Component>"
    references+="<ComponentRef Id=\"C$id\"/>"
    case $file in
      docs/*) docs+=$element ;;
      *) files+=$element ;;
    esac
  done < <(cd "$1" && find README.md LICENSE* docs -type f | sort)
  sed -e "s|@FILES@|$files|" -e "s|@DOCS@|$docs|" -e "s|@REFERENCES@|$references|" "$ROOT/installers/packages/msi.wxs"
}

# PATH for the machine; `setup --system` after the files are there and `unsetup --system` before they go, whose failure
# is ignored (64) and which run without the user's identity (2048) where the files are written (1024), from an installed
# file (18).
msi_tables() { # MSI WORK
  local install=InstallExecuteSequence secure
  printf 'Environment\tName\tValue\tComponent_\r\ns72\tl255\tL255\ts72\r\nEnvironment\tEnvironment\r\n%s\r\n' \
    $'Path\t=-*PATH\t[~];[INSTALLDIR]\tProgram' >"$2/Environment.idt"
  frozen msibuild "$1" -i "$2/Environment.idt"
  msiinfo export "$1" CustomAction >/dev/null 2>&1 || {
    printf 'Action\tType\tSource\tTarget\r\ns72\ti2\tS72\tS255\r\nCustomAction\tAction\r\n' >"$2/CustomAction.idt"
    frozen msibuild "$1" -i "$2/CustomAction.idt"
  }
  secure=$(msiinfo export "$1" Property | sed -n 's/^SecureCustomProperties\t\([^\r]*\).*/\1/p')
  frozen msibuild "$1" \
    -q "INSERT INTO CustomAction (Action, Type, Source, Target) VALUES ('Register', 3154, 'Exe', 'setup --system')" \
    -q "INSERT INTO CustomAction (Action, Type, Source, Target) VALUES ('Unregister', 3154, 'Exe', 'unsetup --system')" \
    -q "INSERT INTO $install (Action, Condition, Sequence) VALUES ('Unregister', 'REMOVE=\"ALL\" AND NOT UPGRADINGPRODUCTCODE AND NOT NOGITCONFIG', 3300)" \
    -q "INSERT INTO $install (Action, Condition, Sequence) VALUES ('RemoveEnvironmentStrings', '', 3301)" \
    -q "INSERT INTO $install (Action, Condition, Sequence) VALUES ('WriteEnvironmentStrings', '', 5200)" \
    -q "INSERT INTO $install (Action, Condition, Sequence) VALUES ('Register', 'NOT REMOVE AND NOT NOGITCONFIG', 5300)" \
    -q "UPDATE Property SET Value = '$secure;NOGITCONFIG' WHERE Property = 'SecureCustomProperties'"
}
