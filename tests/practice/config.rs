//! The user configuration that fits the practice servers.

use super::{Practice, cast};

/// The token sources.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Source {
    CloudOauth,
    DataCenterOauth,
    Exchange,
    Entra,
}

impl Source {
    /// Its name in the configuration.
    pub fn name(self) -> &'static str {
        match self {
            Self::CloudOauth => "cloud-oauth",
            Self::DataCenterOauth => "datacenter-oauth",
            Self::Exchange => "exchange",
            Self::Entra => "entra",
        }
    }
}

impl Practice {
    /// A whole configuration with one host.
    pub fn config_toml(&self, source: Source) -> String {
        format!("{}\n{}", self.entra_toml(), self.host_toml(source))
    }

    /// `[entra]` and `[network]`.
    pub fn entra_toml(&self) -> String {
        let (authority, ca) = (&self.entra.base, self.ca().display());
        let (tenant, client) = (cast::TENANT, cast::CLIENT);
        format!(
            "[entra]\ntenant = \"{tenant}\"\nclient_id = \"{client}\"\nauthority = \"{authority}\"\n\n\
             [network]\nca_file = '{ca}'\ntimeout = \"10s\"\n"
        )
    }

    /// One `[[host]]`.
    pub fn host_toml(&self, source: Source) -> String {
        let (url, name) = (self.url(source), source.name());
        let rest = match source {
            Source::CloudOauth => {
                let knobs = &self.cloud.state().knobs;
                format!(
                    "client_id = \"{}\"\nclient_secret = \"{}\"\nredirect_uri = \"http://127.0.0.1/callback\"\n\
                     scopes = [\"repository:write\", \"account\", \"email\"]\n",
                    knobs.client_id, knobs.client_secret
                )
            }
            Source::DataCenterOauth => {
                let knobs = &self.data_center.state().knobs;
                format!(
                    "client_id = \"{}\"\nclient_secret = \"{}\"\nredirect_uri = \"{}\"\nscopes = [\"REPO_WRITE\"]\n",
                    knobs.client_id, knobs.client_secret, knobs.redirect_uri
                )
            }
            Source::Exchange => format!(
                "token_endpoint = \"{}/oauth2/token\"\nscope = \"{}\"\naudience = \"bitbucket.org\"\n",
                self.broker.base,
                cast::BROKER_SCOPE
            ),
            Source::Entra => format!("scope = \"{}\"\n", cast::PROXY_SCOPE),
        };
        format!("[[host]]\nurl = \"{url}\"\nsource = \"{name}\"\n{rest}")
    }

    /// The host's base URL.
    pub fn url(&self, source: Source) -> &str {
        match source {
            Source::CloudOauth | Source::Exchange => &self.cloud.base,
            Source::DataCenterOauth => &self.data_center.base,
            Source::Entra => &self.proxy.base,
        }
    }

    /// Where git finds a repository of the practice.
    pub fn clone_url(&self, source: Source, workspace: &str, name: &str) -> String {
        match source {
            Source::DataCenterOauth => {
                format!("{}/scm/{}/{name}.git", self.data_center.base, workspace.to_uppercase())
            }
            _ => format!("{}/{workspace}/{name}.git", self.url(source)),
        }
    }
}
