-- One row per filter that matched one attempt. An attempt has no id of its own: it is one account in one second.
WITH prior AS (
    SELECT target_id, count(*) AS blocks, max(ts) AS latest
    FROM blocks_before_window
    WHERE action = 'block'
    GROUP BY target_id
)
SELECT
    CASE WHEN h.action = 'createaccount' THEN 'account.creation_filtered' ELSE 'edit.filtered' END AS kind,
    'hit-' || h.hit_id AS event_id,
    h.ts AS occurred_at,
    CAST(h.actor_id AS VARCHAR) AS "account.id",
    h.actor_kind AS "account.kind",
    coalesce(p.blocks, 0) AS "account.prior_blocks",
    p.latest AS "account.prior_block_at",
    CAST(h.net_id AS VARCHAR) AS "network.id",
    CAST(h.page_id AS VARCHAR) AS "page.id",
    h.ns AS "page.namespace",
    h.actor_id || '@' || CAST(epoch(h.ts) AS BIGINT) AS attempt_id,
    h.action AS action,
    CAST(h.filter_id AS VARCHAR) AS filter,
    CASE WHEN h.result = '' THEN CAST([] AS VARCHAR[]) ELSE string_split(h.result, ',') END AS results,
    h.saved AS saved
FROM abuse_filter_hits AS h
LEFT JOIN prior AS p ON p.target_id = h.actor_id
