//! The files, by name below `installers/managed/`.

use super::sample::{self, Layer, Place};
use super::{admx, ansible, json, property_list, registry, toml};

/// Name and text of every file.
pub fn files() -> Vec<(String, String)> {
    let mut files = vec![
        ("windows/BitbucketSso.admx".to_owned(), admx::definitions()),
        ("windows/en-US/BitbucketSso.adml".to_owned(), admx::language()),
        ("windows/policy.reg".to_owned(), registry::policy()),
        ("windows/intune-detect.ps1".to_owned(), DETECT.replace('\n', "\r\n")),
        ("windows/intune.md".to_owned(), INTUNE.to_owned()),
        ("macos/git-credential-bitbucket-sso.mobileconfig".to_owned(), property_list::profile()),
        ("macos/jamf-manifest.json".to_owned(), json::manifest()),
    ];
    for place in [Place::Linux, Place::MacOs, Place::Windows] {
        for layer in [Layer::Policy, Layer::Defaults] {
            files.push((
                format!("{}/{}.toml", place.name(), layer.name()),
                toml::file(&sample::tables(layer, place), layer, place),
            ));
        }
    }
    files.extend(ansible::files());
    files
}

const DETECT: &str = r#"# Intune, custom detection rule: 0 and one line of output if the helper is there, runs, and meets the policy.
$name = 'git-credential-bitbucket-sso'
$found = (Get-Command "$name.exe" -CommandType Application -ErrorAction SilentlyContinue | Select-Object -First 1).Source
if (-not $found) { exit 1 }
$report = & $found doctor --json --offline | Out-String | ConvertFrom-Json
$policy = $report.findings | Where-Object { $_.check -eq 'policy' } | Select-Object -First 1
if (-not $policy -or $policy.severity -eq 'error') { exit 1 }
Write-Output "$name $($report.version) policy $($policy.evidence.digest)"
exit 0
"#;

const INTUNE: &str = "\
# Intune

| field | value |
|---|---|
| app type | Windows app (Win32), or the bare MSI as a line-of-business app |
| install | `msiexec /i git-credential-bitbucket-sso.msi /qn /norestart` |
| uninstall | `msiexec /x git-credential-bitbucket-sso.msi /qn /norestart` |
| install behaviour | System |
| return codes | 0 done, 1641 and 3010 done and restart, 1618 try again, anything else failed |
| detection | custom script `intune-detect.ps1`, as the logged-on user, 64 bit |

Policy: import `BitbucketSso.admx` and `en-US/BitbucketSso.adml` under Devices > Configuration > Import ADMX, then make a
profile of the settings. They write `HKLM\\SOFTWARE\\Policies\\BitbucketSso`, which the helper reads. Nobody has seen this in
a real tenant yet; the values are compared with the reader by a test.
";
