//! What an administrator enters where, and what everybody is told.

use super::{clean, show};
use crate::app::setup::admin::{Plan, Site, Written};

/// Entra first, then each Bitbucket, then what is left to do.
pub fn checklist(plan: &Plan) -> String {
    let mut text = entra(plan);
    for site in &plan.hosts {
        text.push('\n');
        text.push_str(&bitbucket(site));
    }
    text + "\nThen\n  - deploy: git credential-bitbucket-sso setup --admin … --out DIR writes the files\n  - look: git credential-bitbucket-sso doctor, on one machine\n"
}

/// The files, one a line.
pub fn written(files: &[Written], dry_run: bool) -> String {
    let verb = |file: &Written| match (file.unchanged, dry_run) {
        (true, _) => "already there",
        (_, true) => "would write",
        _ => "written",
    };
    files.iter().flat_map(|file| [verb(file).to_owned(), " ".to_owned(), show(&file.path), "\n".to_owned()]).collect()
}

/// Three lines for everybody.
pub fn message(plan: &Plan) -> String {
    let names: Vec<String> = plan.hosts.iter().map(|site| clean(&site.url)).collect();
    let once = match &plan.domain {
        Some(domain) => format!("Once: git credential-bitbucket-sso setup {}", clean(domain)),
        None => "Nothing has to be set up: your machine has it already.".to_owned(),
    };
    format!(
        "git now signs you in to {} with your Microsoft account, once a day; no passwords, tokens or SSH keys.\n{once}\n\
         Use https addresses as ever; if something is wrong: git credential-bitbucket-sso doctor\n",
        names.join(" and ")
    )
}

fn entra(plan: &Plan) -> String {
    let client = plan.client_id.as_deref().map_or("(Entra makes it: pass it on with --client-id)", |id| id);
    let by_hand = if plan.redirect_uri.contains("127.0.0.1") {
        " (the portal's box refuses it: enter it in the manifest)"
    } else {
        " (without a port: any port is accepted)"
    };
    let apis: Vec<String> = plan
        .hosts
        .iter()
        .filter_map(|site| site.scope.as_ref())
        .map(|scope| format!("  [ ] API permission, delegated, granted for everybody: {}\n", clean(scope)))
        .collect();
    let permission = plan.hosts.iter().find_map(|site| site.scope.as_deref()).map_or_else(String::new, |scope| {
        let (api, name) = scope.rsplit_once('/').unwrap_or((scope, ""));
        // `.default` stands for every scope that was granted: all are shown to choose from.
        let one = if name == ".default" { String::new() } else { format!("?value=='{}'", clean(name)) };
        format!(
            "  az ad sp show --id {} --query \"[appId, oauth2PermissionScopes[{}].[value, id]]\"\n  \
             az ad app permission add --id APP_ID --api API_APP_ID --api-permissions SCOPE_ID=Scope\n  \
             az ad app permission admin-consent --id APP_ID\n",
            clean(api),
            one
        )
    });
    format!(
        "Entra, tenant {tenant}: App registrations, New registration\n  \
         [ ] name: Bitbucket sign-in for git; accounts of this organisation only\n  \
         [ ] platform: Mobile and desktop applications (not Web, not single-page: they fail with 7000218, 9002327)\n  \
         [ ] redirect URI: {redirect}{by_hand}\n  \
         [ ] Authentication, Allow public client flows: Yes (isFallbackPublicClient; else 7000218)\n  \
         [ ] API permissions, Microsoft Graph, delegated: openid, profile, offline_access, email\n{apis}  \
         [ ] token configuration, optional claims of the ID token: email, login_hint, auth_time\n  \
         [ ] groups claim: groups assigned to the application (ApplicationGroup; larger sets overflow at 200)\n  \
         [ ] Enterprise applications, Properties, Assignment required: Yes, and assign people or groups (else 50105)\n  \
         [ ] no client secret and no certificate: it is a public client\n  \
         application (client) id: {client}\n\nThe same by command (inferred from Microsoft's documentation, not run against a tenant)\n  \
         az rest --method POST --url https://graph.microsoft.com/v1.0/applications --body @entra-application.json\n  \
         az ad sp create --id APP_ID\n  \
         az ad sp update --id APP_ID --set appRoleAssignmentRequired=true\n{permission}",
        tenant = clean(&plan.tenant),
        redirect = clean(&plan.redirect_uri),
        apis = apis.concat(),
    )
}

fn bitbucket(site: &Site) -> String {
    let url = clean(&site.url);
    let callback = site.redirect_uri.as_deref().map(clean).unwrap_or_default();
    let scopes = site.scopes.iter().map(|scope| clean(scope)).collect::<Vec<_>>().join(", ");
    let id = site.consumer.as_deref().map_or_else(|| "(pass it on with --consumer)".to_owned(), clean);
    match site.source.as_str() {
        "cloud-oauth" => format!(
            "{url}: workspace settings, OAuth consumers, Add consumer\n  \
             [ ] name: Bitbucket sign-in for git\n  \
             [ ] callback URL: {callback} (any port of it is accepted today; that is inferred: if `Invalid redirect_uri` is\n      \
             shown, enter one with a port, and the same as redirect_uri)\n  \
             [ ] This is a private consumer: no\n  \
             [ ] permissions: {scopes}\n  \
             [ ] the secret: on each machine, in the file that policy.d names; it is not confidential there (inferred)\n  \
             key: {id}\n"
        ),
        "datacenter-oauth" => format!(
            "{url}: as system administrator, {url}/plugins/servlet/applinks/listApplicationLinks\n  \
             [ ] Create link, External application, Incoming\n  \
             [ ] redirect URL: {callback} (sent exactly so, port included)\n  \
             [ ] application permissions: {scopes}\n  \
             [ ] the secret: optional with PKCE (inferred); if tokens are refused without it, see policy.d\n  \
             client id: {id}\n"
        ),
        "exchange" => format!(
            "{url}: nothing to register; the broker {} mints its tokens\n  \
             [ ] it checks signature, iss, tid, aud, azp = the client id above, scp, and the groups or roles\n",
            site.token_endpoint.as_deref().map(clean).unwrap_or_default()
        ),
        _ => format!(
            "{url}: nothing to register; the proxy accepts tokens for {}\n",
            site.scope.as_deref().map(clean).unwrap_or_default()
        ),
    }
}

/// The first lines of the policy file.
pub const POLICY_HEAD: &str = "# To /etc/bitbucket-sso/policy.d/ (macOS: /Library/Application Support/bitbucket-sso/policy.d/, Windows:\n\
     # %ProgramData%\\bitbucket-sso\\policy.d\\), owned by root, not writable by others. What it sets, nobody overrides.\n";
/// Where a Cloud consumer's secret is.
pub const CLOUD_SECRET: &str = "client_secret_file = \"/etc/bitbucket-sso/consumer-secret\"\n";
/// The same of a link, which may do without.
pub const LINK_SECRET: &str = "# client_secret_file = \"/etc/bitbucket-sso/link-secret\"\n";
