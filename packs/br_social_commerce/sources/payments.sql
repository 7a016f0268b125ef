-- One event per order whose payment was approved; the largest part of the payment names its type.
WITH paid AS (
    SELECT
        order_id,
        arg_max(payment_type, payment_value) AS type,
        max(payment_installments) AS installments,
        CAST(sum(CAST(payment_value AS DECIMAL(12, 2))) AS DOUBLE) AS value
    FROM payments
    GROUP BY order_id
),
seller AS (
    SELECT order_id, any_value(seller_id) AS seller_id
    FROM order_items
    GROUP BY order_id
    HAVING count(DISTINCT seller_id) = 1
)
SELECT
    'order.approved' AS kind,
    'approved/' || o.order_id AS event_id,
    timezone('America/Sao_Paulo', o.order_approved_at) AS occurred_at,
    o.customer_unique_id AS "buyer.id",
    o.customer_state AS "buyer.state",
    s.seller_id AS "seller.id",
    o.order_id AS "order.id",
    p.type AS "payment.type",
    p.installments AS "payment.installments",
    p.value AS "payment.value"
FROM orders AS o
LEFT JOIN paid AS p ON p.order_id = o.order_id
LEFT JOIN seller AS s ON s.order_id = o.order_id
WHERE o.order_approved_at IS NOT NULL
