-- A review is about an order. Only when the order had one seller is it known whom the review is about.
WITH sold AS (
    SELECT order_id, any_value(seller_id) AS seller_id, arg_max(product_id, price) AS product_id
    FROM order_items
    GROUP BY order_id
    HAVING count(DISTINCT seller_id) = 1
)
SELECT
    'review.posted' AS kind,
    'review/' || r.review_id || '/' || left(r.order_id, 8) AS event_id,
    timezone('America/Sao_Paulo', r.review_answer_timestamp) AS occurred_at,
    o.customer_unique_id AS "buyer.id",
    o.customer_state AS "buyer.state",
    s.seller_id AS "seller.id",
    v.seller_state AS "seller.state",
    s.product_id AS "listing.id",
    c.product_category_name AS "listing.category",
    r.order_id AS "order.id",
    r.review_id AS "review.id",
    r.review_score AS "review.score",
    r.review_comment_title AS "review.title",
    r.review_comment_message AS "review.message"
FROM reviews AS r
JOIN orders AS o ON o.order_id = r.order_id
LEFT JOIN sold AS s ON s.order_id = r.order_id
LEFT JOIN sellers AS v ON v.seller_id = s.seller_id
LEFT JOIN products AS c ON c.product_id = s.product_id
