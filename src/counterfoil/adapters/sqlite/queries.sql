-- Everything that the store asks of its database.

-- name: begin
BEGIN IMMEDIATE

-- name: commit
COMMIT

-- name: rollback
ROLLBACK

-- name: savepoint
SAVEPOINT request

-- name: release
RELEASE request

-- name: take_back
ROLLBACK TO request

-- name: ledger
SELECT value FROM meta WHERE name = 'ledger'

-- name: name_ledger
INSERT INTO meta(name, value) VALUES ('ledger', ?)

-- name: size
SELECT coalesce(max(position), -1) + 1 FROM receipts

-- name: head
SELECT s.id, r.seq, r.hash, r.header
FROM streams s LEFT JOIN receipts r
  ON r.stream_id = s.id AND r.seq = (SELECT max(seq) FROM receipts WHERE stream_id = s.id)
WHERE s.name = ?

-- name: add_stream
INSERT INTO streams(name) VALUES (?)

-- name: add_branch
INSERT INTO streams(name, parent_id, fork_seq, fork_hash) VALUES (?, ?, ?, ?)

-- name: stream_id
SELECT id FROM streams WHERE name = ?

-- name: kind_ids
SELECT kind, schema, id FROM kinds ORDER BY kind, schema

-- name: add_kind
INSERT INTO kinds(kind, schema) VALUES (?, ?)

-- name: add_receipt
INSERT INTO receipts(position, stream_id, seq, kind_id, prev, hash, key, nodes, header, body)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)

-- name: hash_at
SELECT hash FROM receipts WHERE stream_id = ? AND seq = ?

-- name: header_at
SELECT header FROM receipts WHERE stream_id = ? AND seq = ?

-- name: hashes
SELECT hash FROM receipts WHERE position >= ? AND position < ? ORDER BY position

-- name: node_leaf
SELECT hash FROM receipts WHERE position = ?

-- name: node_inner
SELECT substr(nodes, ?, 32) FROM receipts WHERE position = ?

-- name: receipts_of_stream
SELECT r.position, s.name, r.seq, k.kind, k.schema, r.prev, r.hash, r.header, r.body
FROM streams s
  JOIN receipts r ON r.stream_id = s.id
  JOIN kinds k ON k.id = r.kind_id
WHERE s.name = ?3 AND r.seq > ?1 AND r.seq <= ?2
ORDER BY r.seq LIMIT 512

-- name: receipts_of_log
SELECT r.position, s.name, r.seq, k.kind, k.schema, r.prev, r.hash, r.header, r.body
FROM receipts r
  CROSS JOIN streams s ON s.id = r.stream_id
  CROSS JOIN kinds k ON k.id = r.kind_id
WHERE r.position > ?1 AND r.position <= ?2
ORDER BY r.position LIMIT 512

-- name: headers_of_log
SELECT r.position, s.name, r.seq, k.kind, k.schema, r.prev, r.hash, r.header, NULL
FROM receipts r
  CROSS JOIN streams s ON s.id = r.stream_id
  CROSS JOIN kinds k ON k.id = r.kind_id
WHERE r.position > ?1 AND r.position <= ?2
ORDER BY r.position LIMIT 512

-- name: receipt_by_hash
SELECT r.position, s.name, r.seq, k.kind, k.schema, r.prev, r.hash, r.header, r.body
FROM receipts r
  JOIN streams s ON s.id = r.stream_id
  JOIN kinds k ON k.id = r.kind_id
WHERE r.position = (SELECT position FROM receipts WHERE hash = ?)

-- name: receipt_by_key
SELECT r.position, s.name, r.seq, k.kind, k.schema, r.prev, r.hash, r.header, r.body
FROM streams s
  JOIN receipts r ON r.stream_id = s.id AND r.key = ?2
  JOIN kinds k ON k.id = r.kind_id
WHERE s.name = ?1

-- name: rows
-- Left joins: a row whose stream or kind is gone is shown all the same.
SELECT r.position, s.name, r.seq, k.kind, k.schema, r.prev, r.hash, r.key, r.header, r.body, r.nodes
FROM receipts r
  LEFT JOIN streams s ON s.id = r.stream_id
  LEFT JOIN kinds k ON k.id = r.kind_id
WHERE r.position > ?1 AND r.position <= ?2
ORDER BY r.position LIMIT 512

-- name: damaged_rows
-- For rows whose text is no text.
SELECT r.position, CAST(s.name AS BLOB), r.seq, CAST(k.kind AS BLOB), k.schema, CAST(r.prev AS BLOB),
  CAST(r.hash AS BLOB), CAST(r.key AS BLOB), CAST(r.header AS BLOB), CAST(r.body AS BLOB), CAST(r.nodes AS BLOB)
FROM receipts r
  LEFT JOIN streams s ON s.id = r.stream_id
  LEFT JOIN kinds k ON k.id = r.kind_id
WHERE r.position > ?1 AND r.position <= ?2
ORDER BY r.position LIMIT 512

-- name: streams
SELECT s.name, coalesce(r.seq + 1, 0), coalesce(r.hash, x''), p.name, coalesce(s.fork_seq, -1), coalesce(s.fork_hash, x'')
FROM streams s
  LEFT JOIN streams p ON p.id = s.parent_id
  LEFT JOIN receipts r ON r.stream_id = s.id AND r.seq = (SELECT max(seq) FROM receipts WHERE stream_id = s.id)
WHERE s.name >= ?1 AND s.name <= ?2
ORDER BY s.name

-- name: checkpoints
SELECT size, note FROM checkpoints ORDER BY size

-- name: newest_checkpoint
SELECT size, note FROM checkpoints ORDER BY size DESC LIMIT 512

-- name: keep_checkpoint
INSERT INTO checkpoints(size, note) VALUES (?, ?) ON CONFLICT(size) DO UPDATE SET note = excluded.note

-- name: erase
UPDATE receipts SET body = NULL WHERE position = ? AND body IS NOT NULL

-- name: overwrite
-- Pages that fall free are filled with zeros as well, for the rest of this connection.
PRAGMA secure_delete = ON

-- name: empty_log
-- What was erased stands in the write-ahead log until that is cut off.
PRAGMA wal_checkpoint(TRUNCATE)

-- name: check
PRAGMA integrity_check

-- name: check_references
PRAGMA foreign_key_check
