ALTER TABLE client_tokens ADD COLUMN client_address TEXT;
