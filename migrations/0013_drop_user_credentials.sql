-- Version 3.0 deleted the API tokens of all users here. This product keeps them, so there is
-- nothing to do; the version stays because 3.1.0 stores have it in their history.
SELECT 1;
