-- Believable rows, the same for the same ainur.seed. Statements end with a semicolon and an empty line.
CREATE FUNCTION pg_temp.key(kind text, n bigint) RETURNS uuid LANGUAGE sql AS
    $$ SELECT md5(kind || ':' || n || ':' || current_setting('ainur.seed'))::uuid $$;

CREATE FUNCTION pg_temp.roll(kind text, n bigint, sides int) RETURNS int LANGUAGE sql AS
    $$ SELECT abs(hashtext(kind || n || current_setting('ainur.seed')) % sides) $$;

INSERT INTO users (id, email, name, password_hash, role, created_at)
SELECT pg_temp.key('user', n), 'user' || n || '@example.org', 'User ' || n,
       '$2a$12$' || md5('password' || n), CASE WHEN n <= 3 THEN 'admin' ELSE 'user' END,
       now() - make_interval(hours => 2400 - 4 * n)
FROM generate_series(1, 400) n;

INSERT INTO refresh_tokens (id, user_id, token_hash, expires_at)
SELECT pg_temp.key('token', n), pg_temp.key('user', n), md5('token' || n), now() + interval '7 days'
FROM generate_series(1, 150) n;

INSERT INTO api_keys (id, user_id, name, key_hash)
SELECT pg_temp.key('apikey', n), pg_temp.key('user', n), 'default', md5('apikey' || n)
FROM generate_series(1, 80) n;

INSERT INTO accounts (id, user_id, address, balance)
SELECT pg_temp.key('account', n), pg_temp.key('user', n),
       '5' || substr(md5('address' || n) || md5('more' || n), 1, 47),
       500 + pg_temp.roll('balance', n, 500000) / 100.0
FROM generate_series(1, 400) n;

INSERT INTO agents (id, owner_id, did, name, status, capabilities, price, last_seen_at, created_at)
SELECT pg_temp.key('agent', n), pg_temp.key('user', 1 + pg_temp.roll('owner', n, 400)),
       'did:ainur:agent:' || substr(md5('did' || n), 1, 20),
       (ARRAY['scribe', 'oracle', 'weaver', 'surveyor', 'herald', 'smith'])[1 + n % 6] || '-' || n,
       (ARRAY['online', 'online', 'online', 'online', 'busy', 'offline', 'online', 'maintenance'])
           [1 + pg_temp.roll('status', n, 8)],
       jsonb_build_array(
           (ARRAY['text', 'vision', 'code', 'search', 'math', 'audio'])[1 + n % 6],
           (ARRAY['translate', 'summarize', 'plan', 'classify'])[1 + pg_temp.roll('cap', n, 4)]),
       1 + pg_temp.roll('price', n, 900) / 100.0, now(), now() - make_interval(hours => 2000 - 8 * n)
FROM generate_series(1, 120) n;

INSERT INTO reputation_scores (agent_id, score, tasks_completed, tasks_failed)
SELECT pg_temp.key('agent', n), 0.5 + pg_temp.roll('score', n, 50) / 100.0,
       pg_temp.roll('done', n, 900), pg_temp.roll('undone', n, 40)
FROM generate_series(1, 120) n;

INSERT INTO payment_channels (id, payer_id, agent_id, state, deposit, spent, sequence, created_at)
SELECT pg_temp.key('channel', n), pg_temp.key('account', 1 + pg_temp.roll('payer', n, 400)),
       pg_temp.key('agent', 1 + pg_temp.roll('payee', n, 120)),
       (ARRAY['open', 'open', 'open', 'escrowed', 'settling', 'closed'])[1 + n % 6],
       1000 + pg_temp.roll('deposit', n, 900000) / 100.0, pg_temp.roll('spent', n, 40000) / 100.0,
       pg_temp.roll('sequence', n, 90), now() - make_interval(hours => 1200 - 4 * n)
FROM generate_series(1, 250) n;

INSERT INTO channel_transactions (id, channel_id, amount, kind, created_at)
SELECT pg_temp.key('transaction', n), pg_temp.key('channel', 1 + pg_temp.roll('channel', n, 250)),
       pg_temp.roll('amount', n, 4000) / 100.0,
       (ARRAY['payment', 'payment', 'payment', 'deposit', 'refund'])[1 + n % 5],
       now() - make_interval(mins => 9000 - 5 * n)
FROM generate_series(1, 1500) n;

INSERT INTO tasks (id, user_id, agent_id, type, status, priority, budget, input, result, created_at,
                   completed_at)
SELECT pg_temp.key('task', n), pg_temp.key('user', 1 + pg_temp.roll('asker', n, 400)),
       pg_temp.key('agent', 1 + pg_temp.roll('doer', n, 120)),
       (ARRAY['translate', 'summarize', 'classify', 'plan'])[1 + n % 4],
       CASE WHEN pg_temp.roll('failed', n, 40) = 0 THEN 'failed' ELSE 'completed' END,
       1 + n % 9, 5 + pg_temp.roll('budget', n, 4500) / 100.0,
       jsonb_build_object('tokens', pg_temp.roll('tokens', n, 4000)),
       jsonb_build_object('quality', pg_temp.roll('quality', n, 100) / 100.0),
       now() - make_interval(mins => 9100 - 4 * n), now() - make_interval(mins => 9098 - 4 * n)
FROM generate_series(1, 2000) n;

INSERT INTO auctions (id, task_id, status, reserve_price, winner_id, clearing_price, closes_at,
                      created_at)
SELECT pg_temp.key('auction', n), pg_temp.key('task', n), 'awarded',
       5 + pg_temp.roll('reserve', n, 4000) / 100.0,
       pg_temp.key('agent', 1 + pg_temp.roll('doer', n, 120)),
       4 + pg_temp.roll('clearing', n, 3000) / 100.0,
       now() - make_interval(mins => 9099 - 4 * n), now() - make_interval(mins => 9100 - 4 * n)
FROM generate_series(1, 1200) n;

INSERT INTO bids (id, auction_id, agent_id, amount, quality)
SELECT pg_temp.key('bid', n), pg_temp.key('auction', 1 + (n / 3)::int % 1200),
       pg_temp.key('agent', 1 + (pg_temp.roll('first', n / 3, 40) + 40 * (n % 3))::int),
       4 + pg_temp.roll('bid', n, 3500) / 100.0, pg_temp.roll('quality', n, 100) / 100.0
FROM generate_series(0, 3599) n;

INSERT INTO reputation_events (id, agent_id, task_id, delta, reason)
SELECT pg_temp.key('event', n), pg_temp.key('agent', 1 + pg_temp.roll('doer', n, 120)),
       pg_temp.key('task', n), 0.01, 'task completed'
FROM generate_series(1, 800) n;

INSERT INTO escrows (id, task_id, payer_id, amount, state)
SELECT pg_temp.key('escrow', n), pg_temp.key('task', n),
       pg_temp.key('account', 1 + pg_temp.roll('asker', n, 400)),
       5 + pg_temp.roll('budget', n, 4500) / 100.0,
       CASE WHEN n % 6 = 0 THEN 'held' ELSE 'released' END
FROM generate_series(1, 900) n;

INSERT INTO delegations (id, from_agent_id, to_agent_id, scope)
SELECT pg_temp.key('delegation', n), pg_temp.key('agent', n), pg_temp.key('agent', n + 40),
       '{"tasks": ["translate"]}'
FROM generate_series(1, 60) n;

INSERT INTO audit_logs (user_id, action, resource)
SELECT pg_temp.key('user', 1 + pg_temp.roll('actor', n, 400)),
       (ARRAY['login', 'agent.register', 'task.create', 'key.create'])[1 + n % 4], 'api'
FROM generate_series(1, 600) n;
