-- The block log: given, changed, lifted. `duration_s` is -1 for an indefinite block and missing when it was lifted.
-- The log hides some names (87 rows): each becomes an account of its own, so that it still counts for its administrator.
SELECT
    CASE action
        WHEN 'block' THEN 'account.blocked'
        WHEN 'reblock' THEN 'account.block_changed'
        WHEN 'unblock' THEN 'account.unblocked'
    END AS kind,
    'block-' || log_id AS event_id,
    ts AS occurred_at,
    coalesce(CAST(target_id AS VARCHAR), 'hidden-' || log_id) AS "account.id",
    target_kind AS "account.kind",
    CAST(net_id AS VARCHAR) AS "network.id",
    CAST(admin_id AS VARCHAR) AS "admin.id",
    admin_is_bot AS "admin.bot",
    CASE WHEN duration_s > 0 THEN to_seconds(duration_s) END AS length,
    coalesce(duration_s = -1, false) AS indefinite,
    CASE WHEN flags = '' THEN CAST([] AS VARCHAR[]) ELSE string_split(flags, ',') END AS flags,
    reason_category AS reason
FROM blocks
