-- Each block is named, and read by `statements.py`. Parameters stand as %b: they travel in binary form.

-- name: connect
SELECT set_config('search_path', %b, false),
       set_config('synchronous_commit', CASE WHEN current_setting('synchronous_commit') = 'off' THEN 'on'
                                             ELSE current_setting('synchronous_commit') END, false),
       set_config('default_transaction_isolation', 'read committed', false),
       set_config('statement_timeout', CASE WHEN current_setting('statement_timeout') = '0' THEN '300s'
                                            ELSE current_setting('statement_timeout') END, false),
       set_config('client_encoding', 'UTF8', false)

-- name: has_ledger
-- The catalog itself: what a session remembers of its search path may be older.
SELECT EXISTS (SELECT FROM pg_tables WHERE schemaname = %b AND tablename = 'ledger')

-- name: identify
SELECT id, format FROM ledger

-- name: set_identity
INSERT INTO ledger (id, format) VALUES (%b, %b)

-- name: set_format
UPDATE ledger SET format = %b

-- name: lock
SELECT pg_advisory_xact_lock(%b)

-- name: tables
SELECT tablename FROM pg_tables WHERE schemaname = current_schema() ORDER BY tablename

-- name: heads
SELECT s.name, s.id, last.seq, last.hash, last.header
FROM streams s
LEFT JOIN LATERAL (
  SELECT r.seq, r.hash, r.header FROM receipts r WHERE r.stream_id = s.id ORDER BY r.seq DESC LIMIT 1
) last ON true
WHERE s.name = ANY (%b)

-- name: append_one
-- Returns whether somebody listens: only then can the bell's lock not be had, or for an instant.
INSERT INTO receipts (place, stream_id, seq, kind, schema, key, prev, hash, header, body)
VALUES (0, %b, %b, %b, %b, %b, %b, %b, %b, %b)
RETURNING CASE WHEN pg_try_advisory_lock(%b) THEN NOT pg_advisory_unlock(%b) ELSE true END

-- name: append_many
-- What many write at once is written in one order, so that nobody waits in a circle.
WITH given AS (
  SELECT * FROM unnest(%b::integer[], %b::text[], %b::bigint[], %b::bigint[], %b::text[], %b::integer[],
                       %b::bytea[], %b::bytea[], %b::bytea[], %b::bytea[], %b::bytea[])
    AS g (place, name, stream_id, seq, kind, schema, key, prev, hash, header, body)
), made AS (
  INSERT INTO streams (name) SELECT DISTINCT name FROM given WHERE stream_id IS NULL ORDER BY name
  RETURNING id, name
), met AS (
  INSERT INTO kinds (kind, schema) SELECT * FROM unnest(%b::text[], %b::integer[]) ORDER BY 1, 2
  ON CONFLICT DO NOTHING
)
INSERT INTO receipts (place, stream_id, seq, kind, schema, key, prev, hash, header, body)
SELECT g.place, coalesce(g.stream_id, made.id), g.seq, g.kind, g.schema, g.key, g.prev, g.hash, g.header, g.body
FROM given g LEFT JOIN made USING (name) ORDER BY 2, g.seq
RETURNING place, stream_id,
  place = 0 AND CASE WHEN pg_try_advisory_lock(%b) THEN NOT pg_advisory_unlock(%b) ELSE true END

-- name: fork
WITH made AS (
  INSERT INTO streams (name, parent_id, fork_seq, fork_hash) VALUES (%b, %b, %b, %b) RETURNING id
), met AS (
  INSERT INTO kinds (kind, schema) VALUES (%b, %b) ON CONFLICT DO NOTHING
)
INSERT INTO receipts (place, stream_id, seq, kind, schema, key, prev, hash, header, body)
SELECT 0, id, 0, %b, %b, %b, ''::bytea, %b, %b, %b FROM made
RETURNING stream_id

-- name: lock_writers
LOCK TABLE streams, kinds, receipts, leaves IN SHARE ROW EXCLUSIVE MODE

-- name: by_keys
SELECT s.name, r.key, l.position, r.seq, r.kind, r.schema, r.prev, r.hash, r.header, r.body
FROM unnest(%b::text[], %b::bytea[]) AS g (name, key)
JOIN streams s ON s.name = g.name
JOIN receipts r ON r.stream_id = s.id AND r.key = g.key
LEFT JOIN leaves l ON l.xid = r.xid AND l.place = r.place

-- name: by_hash
SELECT l.position, s.name, r.seq, r.kind, r.schema, r.prev, r.hash, r.header, r.body
FROM receipts r
JOIN streams s ON s.id = r.stream_id
LEFT JOIN leaves l ON l.xid = r.xid AND l.place = r.place
WHERE r.hash = %b

-- name: read
SELECT l.position, %b::text, r.seq, r.kind, r.schema, r.prev, r.hash, r.header, r.body
FROM receipts r
LEFT JOIN leaves l ON l.xid = r.xid AND l.place = r.place
WHERE r.stream_id = (SELECT id FROM streams WHERE name = %b) AND r.seq BETWEEN %b AND %b
ORDER BY r.seq

-- name: log
SELECT l.position, s.name, r.seq, r.kind, r.schema, r.prev, r.hash, r.header, r.body
FROM leaves l
JOIN receipts r ON r.xid = l.xid AND r.place = l.place
LEFT JOIN streams s ON s.id = r.stream_id
WHERE l.position BETWEEN %b AND %b
ORDER BY l.position

-- name: log_without_bodies
SELECT l.position, s.name, r.seq, r.kind, r.schema, r.prev, r.hash, r.header, NULL::bytea
FROM leaves l
JOIN receipts r ON r.xid = l.xid AND r.place = l.place
LEFT JOIN streams s ON s.id = r.stream_id
WHERE l.position BETWEEN %b AND %b
ORDER BY l.position

-- name: rows
SELECT l.position, s.name, r.seq, r.kind, r.schema, r.prev, r.hash, r.key, r.header, r.body, l.nodes
FROM leaves l
JOIN receipts r ON r.xid = l.xid AND r.place = l.place
LEFT JOIN streams s ON s.id = r.stream_id
WHERE l.position BETWEEN %b AND %b
ORDER BY l.position

-- name: streams
SELECT s.name, coalesce(last.seq + 1, 0), coalesce(last.hash, ''::bytea), p.name, coalesce(s.fork_seq, -1),
       coalesce(s.fork_hash, ''::bytea)
FROM streams s
LEFT JOIN streams p ON p.id = s.parent_id
LEFT JOIN LATERAL (
  SELECT r.seq, r.hash FROM receipts r WHERE r.stream_id = s.id ORDER BY r.seq DESC LIMIT 1
) last ON true
WHERE s.name ^@ %b
ORDER BY s.name

-- name: stream
SELECT s.name, coalesce(last.seq + 1, 0), coalesce(last.hash, ''::bytea), p.name, coalesce(s.fork_seq, -1),
       coalesce(s.fork_hash, ''::bytea)
FROM streams s
LEFT JOIN streams p ON p.id = s.parent_id
LEFT JOIN LATERAL (
  SELECT r.seq, r.hash FROM receipts r WHERE r.stream_id = s.id ORDER BY r.seq DESC LIMIT 1
) last ON true
WHERE s.name = %b

-- name: kinds
SELECT kind, schema FROM kinds ORDER BY kind, schema

-- name: order
-- The size of the log, the transaction of the oldest receipt that is not in it yet, and the oldest transaction
-- that still runs.
WITH last AS (SELECT position, xid, place FROM leaves ORDER BY position DESC LIMIT 1)
SELECT coalesce((SELECT position + 1 FROM last), 0),
       (SELECT r.xid FROM receipts r
        WHERE (r.xid, r.place) > (coalesce((SELECT xid FROM last), 0), coalesce((SELECT place FROM last), 0))
        ORDER BY r.xid, r.place LIMIT 1),
       pg_snapshot_xmin(pg_current_snapshot())::text::bigint

-- name: unordered
WITH last AS (SELECT xid, place FROM leaves ORDER BY position DESC LIMIT 1)
SELECT r.xid, r.place, r.hash FROM receipts r
WHERE (r.xid, r.place) > (coalesce((SELECT xid FROM last), 0), coalesce((SELECT place FROM last), 0))
  AND r.xid < pg_snapshot_xmin(pg_current_snapshot())::text::bigint
ORDER BY r.xid, r.place LIMIT %b

-- name: count_leaves
SELECT coalesce(max(position) + 1, 0) FROM leaves

-- name: put_in_order
INSERT INTO leaves (position, xid, place, nodes)
SELECT * FROM unnest(%b::bigint[], %b::bigint[], %b::integer[], %b::bytea[])

-- name: leaf
SELECT r.hash FROM leaves l JOIN receipts r ON r.xid = l.xid AND r.place = l.place WHERE l.position = %b

-- name: node
SELECT substring(nodes FROM %b FOR 32) FROM leaves WHERE position = %b

-- name: own_transaction
SELECT pg_current_xact_id()::text::bigint

-- name: oldest_transaction
SELECT pg_snapshot_xmin(pg_current_snapshot())::text::bigint, pg_snapshot_xmax(pg_current_snapshot())::text::bigint

-- name: newest_leaf
SELECT xid FROM leaves ORDER BY position DESC LIMIT 1

-- name: take_streams
INSERT INTO streams (name) SELECT unnest(%b::text[])

-- name: take
INSERT INTO receipts (place, stream_id, seq, kind, schema, key, prev, hash, header, body)
SELECT * FROM unnest(%b::integer[], %b::bigint[], %b::bigint[], %b::text[], %b::integer[],
                     %b::bytea[], %b::bytea[], %b::bytea[], %b::bytea[], %b::bytea[])

-- name: take_kinds
INSERT INTO kinds (kind, schema) SELECT * FROM unnest(%b::text[], %b::integer[]) ON CONFLICT DO NOTHING

-- name: stream_ids
SELECT name, id FROM streams WHERE name = ANY (%b)

-- name: take_branch
INSERT INTO streams (name, parent_id, fork_seq, fork_hash)
SELECT %b, p.id, %b, %b FROM streams p WHERE p.name = %b

-- name: checkpoints
SELECT size, note FROM checkpoints ORDER BY size

-- name: newest_checkpoint
SELECT size, note FROM checkpoints ORDER BY size DESC, note DESC LIMIT 1

-- name: keep_checkpoint
INSERT INTO checkpoints (size, note) VALUES (%b, %b) ON CONFLICT (size) DO UPDATE SET note = excluded.note

-- name: erase
UPDATE receipts r SET body = NULL FROM leaves l
WHERE l.xid = r.xid AND l.place = r.place AND l.position = ANY (%b) AND r.body IS NOT NULL

-- name: vacuum
VACUUM receipts

-- name: listen_lock
SELECT pg_advisory_lock_shared(%b)

-- name: ring
-- Nobody listens if the bell's lock is free; then nothing is notified, and no commit waits for its turn.
SELECT pg_notify(%b, '') WHERE NOT pg_try_advisory_xact_lock(%b)

-- name: problems
SELECT 'the trigger ' || t.tgname || ' of ' || c.relname || ' is switched off'
FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid
WHERE c.relnamespace = current_schema()::regnamespace AND NOT t.tgisinternal AND t.tgenabled <> 'A'
UNION ALL
SELECT 'the rule ' || k.conname || ' of ' || c.relname || ' was never checked'
FROM pg_constraint k JOIN pg_class c ON c.oid = k.conrelid
WHERE c.relnamespace = current_schema()::regnamespace AND NOT k.convalidated
UNION ALL
SELECT 'the rule ' || wanted.name || ' of ' || wanted.tab || ' is missing'
FROM (VALUES ('receipts', 'linked'), ('receipts', 'one_child'), ('receipts', 'one_receipt_a_key'), ('receipts', 'named'),
             ('receipts', 'receipts_first_of_fkey'), ('streams', 'forked'), ('leaves', 'leaves_xid_place_fkey'))
  AS wanted (tab, name)
WHERE NOT EXISTS (SELECT FROM pg_constraint k WHERE k.conname = wanted.name AND k.conrelid = to_regclass(wanted.tab))
UNION ALL
SELECT 'the rule sealed of ' || wanted.tab || ' is missing'
FROM (VALUES ('receipts'), ('leaves'), ('streams'), ('kinds')) AS wanted (tab)
WHERE NOT EXISTS (SELECT FROM pg_trigger t WHERE t.tgname = 'sealed' AND t.tgrelid = to_regclass(wanted.tab))
UNION ALL
SELECT 'the index ' || c.relname || ' is not valid'
FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid
WHERE c.relnamespace = current_schema()::regnamespace AND NOT i.indisvalid
UNION ALL
SELECT 'the order of the log has ' || count(*) || ' places and ends at ' || max(position)
FROM leaves HAVING count(*) <> coalesce(max(position) + 1, 0)
UNION ALL
SELECT count(*) || ' receipts were passed over by the order of the log'
FROM receipts r
WHERE (r.xid, r.place) <= (SELECT l.xid, l.place FROM leaves l ORDER BY l.position DESC LIMIT 1)
  AND NOT EXISTS (SELECT FROM leaves l WHERE l.xid = r.xid AND l.place = r.place)
HAVING count(*) > 0
