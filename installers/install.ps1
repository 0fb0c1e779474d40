# Fetches a release of git-credential-bitbucket-sso, verifies its signature and its checksum, and lets the program put
# itself in place (`self install`). Every parameter has a variable, e.g. BITBUCKET_SSO_INSTALL_BASE_URL; docs/install.md.
param([string]$Version, [string]$BaseUrl, [string]$Config, [string]$ConfigSha256, [string]$BinDir,
    [switch]$System, [switch]$NoGitConfig, [switch]$DryRun, [switch]$Uninstall, [switch]$Purge, [switch]$Yes, [switch]$Quiet)
$ErrorActionPreference = 'Stop'; $ProgressPreference = 'SilentlyContinue'; [Net.ServicePointManager]::SecurityProtocol = 'Tls12'
$signers = '@ALLOWED_SIGNERS@'; $program = 'git-credential-bitbucket-sso'
function Fail($code, $text) { [Console]::Error.WriteLine("install.ps1: $text"); exit $code }
function Told($given, $name) { if ($given) { "$given" } else { [Environment]::GetEnvironmentVariable("BITBUCKET_SSO_INSTALL_$name") } }
function On($given, $name) { $given -or (Told '' $name) -in '1', 'true', 'yes' }
function Fetch($name, $to, $code) {
    try { if ($base -like 'file:///*') { Copy-Item -LiteralPath ([uri]"$base/$name").LocalPath $to } else { Invoke-WebRequest -UseBasicParsing "$base/$name" -OutFile $to } }
    catch { Fail $code "$base/$name could not be fetched: $_" } }
$options = @(); if (On $System 'SYSTEM') { $options += '--system' }
$folder = if ($dir = Told $BinDir 'BIN_DIR') { $dir } elseif ($options) { "$env:ProgramFiles\$program" } else { "$env:LOCALAPPDATA\Programs\$program" }
$target = Join-Path $folder "$program.exe"; if (On $Uninstall 'UNINSTALL') {
    if (On $Purge 'PURGE') { $options += '--purge' }
    if (Test-Path -LiteralPath $target) { & $target self uninstall @options; if ($LASTEXITCODE) { exit 6 } }; exit 0 }
$base = Told $BaseUrl 'BASE_URL'; if (-not $base) { $base = '@BASE_URL@' }; $base = $base.TrimEnd('/')
if ($base -notmatch '^(https://|file:///).') { Fail 2 '-BaseUrl must begin with https:// or file:///' }
if ($signers -notmatch ' namespaces=') { Fail 5 'this script holds no release key; take install.ps1 from a release' }
if (-not (Get-Command ssh-keygen -ErrorAction SilentlyContinue)) { Fail 5 'ssh-keygen is missing; install the OpenSSH client' }
$stage = Join-Path ([IO.Path]::GetTempPath()) ([IO.Path]::GetRandomFileName()); [void](New-Item -ItemType Directory $stage)
try {
    $number = Told $Version 'VERSION'; if ($number) { $options += '--allow-downgrade' } else { Fetch 'latest' "$stage\latest" 4; $number = (Get-Content "$stage\latest" -TotalCount 1).Trim() }
    if ($number -notmatch '^\d+\.\d+\.\d+(-[0-9A-Za-z.]+)?$') { Fail 4 "'$number' is no version" }
    $name = "$program-$number-x86_64-pc-windows-gnu"; $zip = "$stage\$name.zip"
    Fetch "v$number/SHA256SUMS" "$stage\SHA256SUMS" 4; Fetch "v$number/SHA256SUMS.sig" "$stage\SHA256SUMS.sig" 5
    [IO.File]::WriteAllText("$stage\signers", "$signers`n")
    cmd /c "ssh-keygen -Y verify -f `"$stage\signers`" -I $($signers.Split(' ')[0]) -n $program -s `"$stage\SHA256SUMS.sig`" < `"$stage\SHA256SUMS`" >nul 2>&1"
    if ($LASTEXITCODE) { Fail 5 "the signature of release $number is not that of the release key" }
    $line = @(Get-Content "$stage\SHA256SUMS" | Where-Object { $_ -match "^([0-9a-f]{64})  $([regex]::Escape("$name.zip"))$" })
    if ($line.Count -ne 1) { Fail 3 "release $number has no $name.zip" }; Fetch "v$number/$name.zip" $zip 4
    if ((Get-FileHash -Algorithm SHA256 -LiteralPath $zip).Hash -ne $line[0].Substring(0, 64)) { Fail 5 "$name.zip is not the file that was released" }
    Expand-Archive -LiteralPath $zip -DestinationPath $stage; $exe = "$stage\$name\$program.exe"
    $options += '--bin-dir', $folder; if (On $NoGitConfig 'NO_GIT_CONFIG') { $options += '--no-git-config' }
    if (On $DryRun 'DRY_RUN') { $options += '--dry-run' }; $said = & $exe self install @options; if ($LASTEXITCODE) { exit 6 }
    if (-not (On $Quiet 'QUIET')) { $said }; if ((On $DryRun 'DRY_RUN') -or -not ($from = Told $Config 'CONFIG')) { exit 0 }
    $options = @('--from', $from); if (On $Yes 'YES') { $options += '--yes', '--sha256', (Told $ConfigSha256 'CONFIG_SHA256') }
    & $target setup @options; if ($LASTEXITCODE) { exit 7 }
} finally { Remove-Item -Recurse -Force -LiteralPath $stage -ErrorAction SilentlyContinue }
