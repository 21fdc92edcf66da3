-- The EngageOS tables behind the wall; subject_column names the person a row is about.

INSERT INTO tenancy.protected_table (schema_name, table_name, subject_column, server_columns)
VALUES
('app', 'customers', 'id', '{created_at,updated_at}'),
('app', 'orders', 'customer_id', '{created_at,updated_at}'),
('app', 'pins', 'customer_id', '{comment_count,created_at,updated_at}'),
('app', 'pin_comments', 'author_id', '{created_at,updated_at}'),
('app', 'analytics', 'customer_id', '{created_at,updated_at}'),
('app', 'survey_responses', 'customer_id', '{created_at,updated_at}'),
('app', 'patients', 'customer_id', '{created_at,updated_at}'),
('app', 'bookings', 'customer_id', '{created_at,updated_at}'),
('app', 'guests', 'customer_id', '{created_at,updated_at}'),
('app', 'reservations', 'customer_id', '{created_at,updated_at}'),
('app', 'settings', NULL, '{created_at,updated_at}'),
('app', 'storage_buckets', NULL, '{created_at,updated_at}'),
('app', 'storage_objects', 'customer_id', '{created_at,updated_at}')
ON CONFLICT (schema_name, table_name) DO UPDATE
SET subject_column = excluded.subject_column, server_columns = excluded.server_columns;
