CREATE TABLE subscribers (address text PRIMARY KEY);
