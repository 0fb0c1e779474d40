//! The app registration as Microsoft Graph takes it (`facts/entra.md` 2 and 3.2).

use super::Plan;
use serde_json::{Value, json};

/// The body of `POST https://graph.microsoft.com/v1.0/applications`.
pub fn application(plan: &Plan) -> Value {
    json!({
        "displayName": NAME,
        "signInAudience": "AzureADMyOrg",
        "isFallbackPublicClient": true,
        "publicClient": { "redirectUris": [plan.redirect_uri] },
        "requiredResourceAccess": [{ "resourceAppId": GRAPH, "resourceAccess": access() }],
        "groupMembershipClaims": "ApplicationGroup",
        "optionalClaims": {
            "idToken": [claim("email"), claim("login_hint"), claim("auth_time")],
            "accessToken": [],
            "saml2Token": []
        }
    })
}

/// Everything that `--json` prints.
pub fn json(plan: &Plan) -> String {
    let host = |site: &super::Site| {
        json!({
            "url": site.url, "source": site.source, "scope": site.scope, "token_endpoint": site.token_endpoint,
            "consumer": site.consumer, "callback": site.redirect_uri, "permissions": site.scopes
        })
    };
    let hosts: Vec<Value> = plan.hosts.iter().map(host).collect();
    let all = json!({
        "version": 1,
        "tenant": plan.tenant,
        "client_id": plan.client_id,
        "application": application(plan),
        "service_principal": { "appRoleAssignmentRequired": true },
        "hosts": hosts
    });
    format!("{all:#}\n")
}

fn access() -> Vec<Value> {
    DELEGATED.iter().map(|(_, id)| json!({ "id": id, "type": "Scope" })).collect()
}

fn claim(name: &str) -> Value {
    json!({ "name": name, "essential": false })
}

const NAME: &str = "Bitbucket sign-in for git";
/// Microsoft Graph, the same in every tenant.
const GRAPH: &str = "00000003-0000-0000-c000-000000000000";
/// Its delegated permissions of which our sign-in asks for the first three; `email` is for the claim.
const DELEGATED: [(&str, &str); 4] = [
    ("openid", "37f7f235-527c-4136-accd-4a02d197296e"),
    ("profile", "14dad69e-099b-42c9-810b-d002981feec1"),
    ("offline_access", "7427e0e9-2fba-42fe-b0c0-848c9e6a8182"),
    ("email", "64a6cdd6-aab1-4aaf-94b8-3cc8405e90d0"),
];
