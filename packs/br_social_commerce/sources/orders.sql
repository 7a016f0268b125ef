-- One event per order and seller. The times of the source are local times of São Paulo without a zone.
-- Several items of one order and seller become one event with its dearest item as the listing.
WITH parts AS (
    SELECT
        order_id,
        seller_id,
        arg_max(product_id, price) AS product_id,
        count(*) AS items,
        sum(CAST(price AS DECIMAL(12, 2))) AS total,
        sum(CAST(freight_value AS DECIMAL(12, 2))) AS freight,
        min(shipping_limit_date) AS dispatch_by
    FROM order_items
    GROUP BY order_id, seller_id
),
joined AS (
    SELECT
        o.*,
        p.seller_id,
        p.product_id,
        p.items,
        CAST(p.total AS DOUBLE) AS total,
        CAST(p.freight AS DOUBLE) AS freight,
        p.dispatch_by,
        o.order_id || coalesce('/' || left(p.seller_id, 8), '') AS part,
        s.seller_state,
        c.product_category_name AS category
    FROM orders AS o
    LEFT JOIN parts AS p ON p.order_id = o.order_id
    LEFT JOIN sellers AS s ON s.seller_id = p.seller_id
    LEFT JOIN products AS c ON c.product_id = p.product_id
),
steps AS (
    SELECT 'order.placed' AS kind, 'placed/' || part AS event_id, order_purchase_timestamp AS happened, NULL AS reason, *
    FROM joined
    WHERE seller_id IS NOT NULL
    UNION ALL
    SELECT 'order.dispatched', 'dispatched/' || part, order_delivered_carrier_date, NULL, *
    FROM joined
    WHERE seller_id IS NOT NULL AND order_delivered_carrier_date IS NOT NULL
    UNION ALL
    SELECT 'order.delivered', 'delivered/' || part, order_delivered_customer_date, NULL, *
    FROM joined
    WHERE seller_id IS NOT NULL AND order_delivered_customer_date IS NOT NULL
    UNION ALL
    -- The source has no time of cancellation: the latest time it has for the order stands for it.
    SELECT
        'order.canceled',
        'canceled/' || part,
        greatest(order_purchase_timestamp, order_approved_at, order_delivered_carrier_date),
        CASE order_status WHEN 'unavailable' THEN 'out_of_stock' ELSE 'unknown' END,
        *
    FROM joined
    WHERE order_status IN ('canceled', 'unavailable')
)
SELECT
    kind,
    event_id,
    timezone('America/Sao_Paulo', happened) AS occurred_at,
    customer_unique_id AS "buyer.id",
    customer_state AS "buyer.state",
    seller_id AS "seller.id",
    seller_state AS "seller.state",
    product_id AS "listing.id",
    category AS "listing.category",
    order_id AS "order.id",
    timezone('America/Sao_Paulo', dispatch_by) AS "order.dispatch_by",
    timezone('America/Sao_Paulo', order_estimated_delivery_date + INTERVAL 1 DAY) AS "order.deliver_by",
    items,
    total,
    freight,
    reason
FROM steps
