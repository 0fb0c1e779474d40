//! A role that puts a policy, and perhaps a package, on Linux machines.

use super::sample::{self, Layer, Place};
use super::toml;

/// Name and text of its files.
pub fn files() -> Vec<(String, String)> {
    let policy = toml::file(&sample::tables(Layer::Policy, Place::Linux), Layer::Policy, Place::Linux);
    [("defaults/main.yml", DEFAULTS), ("tasks/main.yml", TASKS), ("meta/main.yml", META), ("README.md", README)]
        .map(|(name, text)| (format!("ansible/bitbucket_sso/{name}"), text.to_owned()))
        .into_iter()
        .chain([("ansible/bitbucket_sso/files/policy.toml".to_owned(), policy)])
        .collect()
}

const DEFAULTS: &str = "\
---
# A package on the managed machine or in its repositories; empty: the helper is there already.
bitbucket_sso_package: \"\"
# The policy on the controlling machine; see files/policy.toml for every setting.
bitbucket_sso_policy: policy.toml
# The name under which it is put into policy.d; drop-ins are read in byte order.
bitbucket_sso_policy_name: 50-acme.toml
# The helper that checks the policy before it is put in force.
bitbucket_sso_helper: git-credential-bitbucket-sso
";

const TASKS: &str = "\
---
- name: Install the helper
  ansible.builtin.package:
    name: \"{{ bitbucket_sso_package }}\"
    state: present
  when: bitbucket_sso_package | length > 0

- name: Make the directory of the policy
  ansible.builtin.file:
    path: \"{{ item }}\"
    state: directory
    owner: root
    group: root
    mode: \"0755\"
  loop:
    - /etc/bitbucket-sso
    - /etc/bitbucket-sso/policy.d

- name: Put the policy in force, if the helper finds it valid
  ansible.builtin.copy:
    src: \"{{ bitbucket_sso_policy }}\"
    dest: \"/etc/bitbucket-sso/policy.d/{{ bitbucket_sso_policy_name }}\"
    owner: root
    group: root
    mode: \"0644\"
    validate: \"{{ bitbucket_sso_helper }} config validate %s\"
";

const META: &str = "\
---
galaxy_info:
  role_name: bitbucket_sso
  author: your organisation
  description: Puts a policy of git-credential-bitbucket-sso in force
  license: MIT OR Apache-2.0
  min_ansible_version: \"2.12\"
dependencies: []
";

const README: &str = "\
# bitbucket_sso

Puts `files/policy.toml` (edit it first) into `/etc/bitbucket-sso/policy.d/`, owned by root, after the helper itself has
found it valid. Running it again changes nothing.

```yaml
- hosts: workstations
  become: true
  roles:
    - role: bitbucket_sso
      bitbucket_sso_package: git-credential-bitbucket-sso
```
";
