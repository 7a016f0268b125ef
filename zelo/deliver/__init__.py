"""What leaves zelo: messages, endpoints, deliveries and their retries."""
