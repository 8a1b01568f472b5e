-- The tables of ainur-db. Statements end with a semicolon and an empty line.
CREATE TABLE users (
    id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    email text NOT NULL UNIQUE,
    name text NOT NULL,
    password_hash text NOT NULL,
    role text NOT NULL DEFAULT 'user',
    metadata jsonb NOT NULL DEFAULT '{}',
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now()
);

CREATE TABLE refresh_tokens (
    id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    user_id uuid NOT NULL REFERENCES users ON DELETE CASCADE,
    token_hash text NOT NULL UNIQUE,
    expires_at timestamptz NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now()
);

CREATE TABLE api_keys (
    id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    user_id uuid NOT NULL REFERENCES users ON DELETE CASCADE,
    name text NOT NULL,
    key_hash text NOT NULL UNIQUE,
    last_used_at timestamptz,
    created_at timestamptz NOT NULL DEFAULT now()
);

CREATE TABLE accounts (
    id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    user_id uuid NOT NULL UNIQUE REFERENCES users ON DELETE CASCADE,
    address text NOT NULL UNIQUE,
    balance decimal(20, 8) NOT NULL DEFAULT 0 CHECK (balance >= 0),
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now()
);

CREATE TABLE agents (
    id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    owner_id uuid NOT NULL REFERENCES users,
    did text NOT NULL UNIQUE,
    name text NOT NULL,
    status text NOT NULL DEFAULT 'offline'
        CHECK (status IN ('online', 'busy', 'offline', 'maintenance')),
    capabilities jsonb NOT NULL DEFAULT '[]',
    price decimal(20, 8) NOT NULL DEFAULT 0,
    metadata jsonb NOT NULL DEFAULT '{}',
    last_seen_at timestamptz,
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now()
);

CREATE INDEX agents_capabilities_idx ON agents USING gin (capabilities);

CREATE INDEX agents_status_idx ON agents (status);

CREATE TABLE payment_channels (
    id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    payer_id uuid NOT NULL REFERENCES accounts,
    agent_id uuid NOT NULL REFERENCES agents,
    state text NOT NULL DEFAULT 'open'
        CHECK (state IN ('open', 'escrowed', 'settling', 'closed')),
    deposit decimal(20, 8) NOT NULL,
    spent decimal(20, 8) NOT NULL DEFAULT 0,
    sequence bigint NOT NULL DEFAULT 0,
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now()
);

CREATE INDEX payment_channels_state_idx ON payment_channels (state);

CREATE TABLE channel_transactions (
    id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    channel_id uuid NOT NULL REFERENCES payment_channels,
    amount decimal(20, 8) NOT NULL,
    kind text NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now()
);

CREATE INDEX channel_transactions_channel_idx ON channel_transactions (channel_id, created_at);

CREATE TABLE tasks (
    id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    user_id uuid NOT NULL REFERENCES users,
    agent_id uuid REFERENCES agents,
    type text NOT NULL,
    status text NOT NULL DEFAULT 'pending'
        CHECK (status IN ('pending', 'assigned', 'running', 'completed', 'failed', 'canceled')),
    priority int NOT NULL DEFAULT 5,
    budget decimal(20, 8) NOT NULL,
    input jsonb NOT NULL DEFAULT '{}',
    result jsonb,
    error text,
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now(),
    completed_at timestamptz
);

CREATE INDEX tasks_created_idx ON tasks (created_at DESC);

CREATE INDEX tasks_waiting_idx ON tasks (created_at) WHERE status IN ('pending', 'assigned', 'running');

CREATE INDEX tasks_agent_idx ON tasks (agent_id);

CREATE TABLE auctions (
    id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    task_id uuid NOT NULL REFERENCES tasks ON DELETE CASCADE,
    type text NOT NULL DEFAULT 'vcg',
    status text NOT NULL DEFAULT 'open'
        CHECK (status IN ('open', 'closed', 'awarded', 'canceled', 'expired')),
    reserve_price decimal(20, 8) NOT NULL,
    winner_id uuid REFERENCES agents,
    clearing_price decimal(20, 8),
    closes_at timestamptz NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now()
);

CREATE INDEX auctions_created_idx ON auctions (created_at DESC);

CREATE INDEX auctions_open_idx ON auctions (closes_at) WHERE status = 'open';

CREATE INDEX auctions_task_idx ON auctions (task_id);

CREATE TABLE bids (
    id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    auction_id uuid NOT NULL REFERENCES auctions ON DELETE CASCADE,
    agent_id uuid NOT NULL REFERENCES agents,
    amount decimal(20, 8) NOT NULL,
    quality real NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    UNIQUE (auction_id, agent_id)
);

CREATE TABLE reputation_scores (
    agent_id uuid PRIMARY KEY REFERENCES agents ON DELETE CASCADE,
    score real NOT NULL DEFAULT 0.5 CHECK (score BETWEEN 0 AND 1),
    tasks_completed int NOT NULL DEFAULT 0,
    tasks_failed int NOT NULL DEFAULT 0,
    updated_at timestamptz NOT NULL DEFAULT now()
);

CREATE TABLE reputation_events (
    id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    agent_id uuid NOT NULL REFERENCES agents ON DELETE CASCADE,
    task_id uuid REFERENCES tasks ON DELETE SET NULL,
    delta real NOT NULL,
    reason text NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now()
);

CREATE INDEX reputation_events_agent_idx ON reputation_events (agent_id, created_at);

CREATE INDEX reputation_events_task_idx ON reputation_events (task_id);

CREATE TABLE escrows (
    id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    task_id uuid NOT NULL REFERENCES tasks ON DELETE CASCADE,
    payer_id uuid NOT NULL REFERENCES accounts,
    amount decimal(20, 8) NOT NULL,
    state text NOT NULL DEFAULT 'held' CHECK (state IN ('held', 'released', 'refunded', 'disputed')),
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now()
);

CREATE INDEX escrows_held_idx ON escrows (created_at) WHERE state = 'held';

CREATE INDEX escrows_task_idx ON escrows (task_id);

CREATE TABLE delegations (
    id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    from_agent_id uuid NOT NULL REFERENCES agents,
    to_agent_id uuid NOT NULL REFERENCES agents,
    scope jsonb NOT NULL DEFAULT '{}',
    expires_at timestamptz,
    created_at timestamptz NOT NULL DEFAULT now()
);

CREATE TABLE audit_logs (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    user_id uuid REFERENCES users,
    action text NOT NULL,
    resource text NOT NULL,
    detail jsonb NOT NULL DEFAULT '{}',
    created_at timestamptz NOT NULL DEFAULT now()
);

CREATE INDEX audit_logs_created_idx ON audit_logs (created_at);

CREATE TABLE rate_limit_buckets (
    key text PRIMARY KEY,
    tokens real NOT NULL,
    updated_at timestamptz NOT NULL DEFAULT now()
);
