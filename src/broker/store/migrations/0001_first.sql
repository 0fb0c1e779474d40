-- Understood by SQLite and PostgreSQL alike. What is sealed is base64url of key id, nonce and sealed bytes; what is
-- not sealed is bound to it as associated data. Times are seconds since 1970.

CREATE TABLE grants (
    holder TEXT NOT NULL,
    host TEXT NOT NULL,
    access TEXT NOT NULL,
    sealed TEXT NOT NULL,
    sealed_by TEXT NOT NULL,
    PRIMARY KEY (holder, host, access)
);

-- One row for each grant that was ever locked: on PostgreSQL the row that a refresh locks.
CREATE TABLE grant_turns (
    holder TEXT NOT NULL,
    host TEXT NOT NULL,
    access TEXT NOT NULL,
    PRIMARY KEY (holder, host, access)
);

CREATE TABLE minted (
    host TEXT NOT NULL,
    token_id TEXT NOT NULL,
    cache_key TEXT NOT NULL,
    subject TEXT NOT NULL,
    project TEXT NOT NULL,
    repository TEXT NOT NULL,
    token_sha256 TEXT NOT NULL,
    expires BIGINT NOT NULL,
    taken_until BIGINT NOT NULL,
    sealed TEXT NOT NULL,
    sealed_by TEXT NOT NULL,
    PRIMARY KEY (host, token_id)
);

CREATE INDEX minted_again ON minted (cache_key, expires);
CREATE INDEX minted_over ON minted (expires);
CREATE INDEX minted_digest ON minted (token_sha256);

CREATE TABLE journeys (
    state_sha256 TEXT NOT NULL PRIMARY KEY,
    expires BIGINT NOT NULL,
    sealed TEXT NOT NULL,
    sealed_by TEXT NOT NULL
);

CREATE INDEX journeys_over ON journeys (expires);

-- Keys that seal, wrapped by Azure Key Vault; empty where the keys are files. The last one seals. Whoever can read the
-- vault's public key can wrap: so each key is vouched for by the one before it.
CREATE TABLE data_keys (
    number BIGINT NOT NULL PRIMARY KEY,
    id TEXT NOT NULL,
    wrapped TEXT NOT NULL,
    wrapped_by TEXT NOT NULL,
    vouched TEXT NOT NULL,
    created BIGINT NOT NULL
);
