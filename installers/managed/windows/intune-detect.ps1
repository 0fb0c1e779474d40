# Intune, custom detection rule: 0 and one line of output if the helper is there, runs, and meets the policy.
$name = 'git-credential-bitbucket-sso'
$found = (Get-Command "$name.exe" -CommandType Application -ErrorAction SilentlyContinue | Select-Object -First 1).Source
if (-not $found) { exit 1 }
$report = & $found doctor --json --offline | Out-String | ConvertFrom-Json
$policy = $report.findings | Where-Object { $_.check -eq 'policy' } | Select-Object -First 1
if (-not $policy -or $policy.severity -eq 'error') { exit 1 }
Write-Output "$name $($report.version) policy $($policy.evidence.digest)"
exit 0
